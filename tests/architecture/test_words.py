"""What people read holds none of the words that are ours alone: in templates, in Python, in the API's description."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from tests.factories.users import UserFactory

OURS = re.compile(r"\b(dossiers?|commitments?|ladders?|ranks?|effective|house pocs?)\b", re.IGNORECASE)
MARKS = {"_", "_t", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy", "pgettext", "pgettext_lazy"}
SAID = re.compile(
    r"{%\s*translate\s+(?:\"([^\"]*)\"|'([^']*)')|{%\s*blocktranslate[^%]*%}(.*?){%\s*endblocktranslate", re.DOTALL
)
UNREAD = re.compile(r"{#.*?#}|{%.*?%}|{{.*?}}|<[^>]*>", re.DOTALL)


def sources(pattern: str) -> list[Path]:
    """Our own files, migrations left out."""
    folders = ["crm", "accounts", "contacts", "projects", "interactions", "templates"]
    found = [path for folder in folders for path in (settings.BASE_DIR / folder).rglob(pattern)]
    return [path for path in found if "migrations" not in path.parts]


def marked(tree: ast.AST) -> Iterator[str]:
    """The texts that Python code marks for translation."""
    for node in ast.walk(tree):
        name = getattr(node.func, "id", getattr(node.func, "attr", "")) if isinstance(node, ast.Call) else ""
        if name in MARKS:
            yield from (arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str))


def test_no_template_says_them():
    bad = []
    for path in sources("*.html"):
        text = path.read_text()
        said = [part for match in SAID.findall(text) for part in match] + [UNREAD.sub(" ", text)]
        said += re.findall(r"(?:aria-label|title|placeholder|alt)=\"([^\"{]*)\"", text)
        bad += [f"{path.name}: {OURS.search(part).group()}" for part in said if OURS.search(part)]
    assert bad == []


def test_no_text_marked_in_python_says_them():
    bad = [
        f"{path.name}: {text}"
        for path in sources("*.py")
        for text in marked(ast.parse(path.read_text()))
        if OURS.search(text)
    ]
    assert bad == []


@pytest.mark.django_db
def test_the_description_of_the_api_does_not_say_them(api):
    api.force_authenticate(UserFactory())
    description = api.get("/api/v1/schema/", headers={"accept": "application/json"}).content.decode()
    assert len(description) > 10_000
    assert {match.lower() for match in OURS.findall(description.replace("_", " "))} == set()
