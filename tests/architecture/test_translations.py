"""Every text that a mail can hold, or a page that a mail leads to, is there in each language, with all its forms."""

import ast
import re
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from django.conf import settings
from django.utils.translation import to_locale

from contacts.models import ContactRole
from crm.commitments.telling import wording
from crm.core import catalogues
from crm.core.catalogues import Text
from crm.dossiers import shipped
from crm.dossiers.models import Channel, Outcome, Purpose, Topic
from tests.architecture.test_words import OURS

LOCALES = [to_locale(code) for code, _name in settings.LANGUAGES if code != settings.LANGUAGE_CODE]
WHOLE: Collection[str] = ()
SAID_IN_MAILS: dict[str, Collection[str]] = {  # Python → the functions and classes of it; none named: all of it
    "crm/commitments/mail/*.py": WHOLE,
    "crm/commitments/telling/[!pt]*.py": WHOLE,
    "crm/commitments/telling/packing.py": WHOLE,
    "crm/commitments/telling/preferring.py": ("Way", "GROUPS"),  # told.py and the rest are on pages
    "crm/commitments/telling/summaries.py": WHOLE,
    "crm/commitments/auditing/*.py": WHOLE,
    "crm/commitments/refusals.py": WHOLE,
    "crm/commitments/terms.py": ("Kind",),
    "crm/core/templatetags/moments.py": WHOLE,
    "crm/core/templatetags/week.py": WHOLE,
    "crm/core/templatetags/owed.py": ("chip", "_by_moment"),
    "crm/desk/views/one_click.py": WHOLE,
    "crm/desk/feed.py": WHOLE,
    "crm/desk/set_up.py": ("send_test_mail", "_invitation"),
    "crm/dossiers/sentences.py": ("touch",),
    "crm/dossiers/shipped.py": WHOLE,
    "crm/handovers/apps.py": ("NOTICES",),
    "crm/handovers/handing_over.py": ("_offer",),
    "crm/handovers/introduction.py": WHOLE,
    "crm/outbox/models.py": ("State",),
    "crm/poc/words.py": ("last_day",),
    "crm/users/adapter.py": WHOLE,
    "accounts/keeping_in_touch.py": WHOLE,
    "interactions/actions.py": ("_answer_title", "resolution_title"),
    "interactions/background.py": WHOLE,
    "interactions/follow_ups.py": ("title_of",),
    "interactions/updates.py": ("title_of",),
}
MAILS_AND_THEIR_PAGES = (
    "account/account_inactive.html", "account/email/*.txt", "account/login.html", "account/password_reset*.html",
    "account/reauthenticate.html", "commitments/mail/*", "desk/fewer_mails.html",
    "desk/mail/*", "desk/mail_link_gone.html", "desk/one_click*.html", "partials/due.html",
    "partials/form_errors.html", "poc/partials/week.html", "poc/shared/*.html", "base.html", "narrow.html",
)  # fmt: skip
FORBIDDEN = {  # what DESIGN calls ours, said in the other languages
    "es": r"\b(dos+ier|compromisos?|escaleras?|rangos?)\b",
    "pt_BR": r"\b(dossiê|compromissos?|escadas?|ranques?)\b",
    "it": r"\b(dossier|impegn[oi]|scale|rang[oh]i?)\b",
    "ru": r"(досье|лестниц|\bранг)",
}


def parts(path: Path, names: Collection[str]) -> Iterator[str]:
    """The source of these functions, classes and names of a module; of all of it without names."""
    source = path.read_text()
    found = set()
    for node in ast.walk(ast.parse(source)) if names else ():
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        name = getattr(node, "name", None) or getattr(target, "id", None)
        if name in names:
            found.add(name)
            yield ast.get_source_segment(source, node) or ""
    assert found == set(names), f"{path} has no {set(names) - found}"
    if not names:
        yield source


def wanted() -> Iterator[tuple[Text, str | None]]:
    """Every text of mails and their pages, with its context."""
    for pattern, names in SAID_IN_MAILS.items():
        files = sorted(settings.BASE_DIR.glob(pattern))
        assert files, pattern
        for path in files:
            for source in parts(path, names):
                yield from catalogues.texts_of(source)
    for pattern in MAILS_AND_THEIR_PAGES:
        files = sorted((settings.BASE_DIR / "templates").glob(pattern))
        assert files, pattern
        for path in files:
            yield from catalogues.texts_of(path.read_text(), is_template=True)


@pytest.fixture(scope="module")
def mails() -> set[tuple[Text, str | None]]:
    return set(wanted())


@pytest.fixture(scope="module")
def sources() -> Catalog:
    return catalogues.found_in(settings.BASE_DIR)


@pytest.fixture(params=LOCALES)
def path(request) -> Path:
    return settings.LOCALE_PATHS[0] / request.param / "LC_MESSAGES" / "django.po"


@pytest.fixture
def catalog(path) -> Catalog:
    return catalogues.read(path)


def forms(message: Message) -> tuple[str, ...]:
    return tuple(message.string) if message.pluralizable else (message.string,)


def is_said(message: Message | None, catalog: Catalog) -> bool:
    """True of what is translated for good, in as many forms as the language has."""
    if message is None or message.fuzzy:
        return False
    return all(forms(message)) and len(forms(message)) == (catalog.num_plurals if message.pluralizable else 1)


def test_everything_that_mails_say_is_translated(mails, catalog):
    assert len(mails) > 300
    missing = {text for text, context in mails if not is_said(catalog.get(text, context), catalog)}
    assert missing == set(), "Add them with `manage.py makemessages`, and translate them."


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"%\(\w+\)[a-z]|%[a-z%]", text))


def test_a_translation_leaves_out_nothing_and_names_nothing_else(catalog):
    for message in catalog:
        ids = message.id if message.pluralizable else (message.id,)
        allowed, needed = set.union(*map(placeholders, ids)), set.intersection(*map(placeholders, ids))
        for form in forms(message) if message.id and any(forms(message)) else ():
            assert needed <= placeholders(form) <= allowed, message.id
            assert (form[:1].isspace(), form[-1:].isspace()) == (ids[0][:1].isspace(), ids[0][-1:].isspace())


def test_of_several_only_one_form_may_do_without_the_number(catalog):
    """In Russian the first form is that of 21 too: it has to name the number wherever the others do."""
    for message in catalog:
        if message.pluralizable and message.id and catalog.num_plurals > 2:
            assert all("%(n)s" in form for form in forms(message) if "%(n)s" in message.id[1]), message.id


def test_a_catalogue_holds_nothing_that_nobody_says_and_is_written_in_one_way(path, catalog, sources):
    obsolete = [m.id for m in catalog if m.id and sources.get(m.id, m.context) is None]
    assert obsolete == [], "`manage.py makemessages --translated` takes them out."
    assert catalogues.written(catalog).decode() == path.read_text()


def test_no_catalogue_says_words_that_are_ours_alone(path, catalog):
    ours = re.compile(FORBIDDEN[path.parent.parent.name], re.IGNORECASE)
    for message in catalog:
        for form in forms(message) if message.id else ():
            assert not OURS.search(form) and not ours.search(form), form


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (Topic, shipped.TOPICS), (Channel, shipped.CHANNELS), (Purpose, shipped.PURPOSES),
        (Outcome, shipped.OUTCOMES), (ContactRole, shipped.ROLES),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)  # fmt: skip
def test_the_shipped_words_are_those_that_catalogues_know(kind, words):
    assert set(kind.objects.values_list("name", flat=True)) == set(words)


def test_every_kind_of_notice_takes_its_words_from_where_they_are_looked_for(mails):
    said = {text for text, _context in mails}
    for words in wording._words.values():
        assert {str(words.headline), str(words.lead)} - {""} <= said
