"""The catalogues of translations in `locale/`: gathered from the sources, written in one order, compiled.

None of it needs GNU gettext.
A catalogue names neither lines nor dates: it changes where a text or its translation does, and nowhere else.
"""

from __future__ import annotations

import ast
import io
import os
import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

Text = str | tuple[str, ...]  # both forms, where there is a plural
SOURCES = ("crm", "accounts", "contacts", "interactions", "projects", "templates")
TEMPLATES = (".html", ".txt")
MARKS: Mapping[str, Any] = {  # what a text is marked with: which arguments are texts, and which is their context
    **dict.fromkeys(["_", "_l", "_t", "gettext", "gettext_lazy", "gettext_noop"]),
    **dict.fromkeys(["ngettext", "ngettext_lazy"], (1, 2)),
    **dict.fromkeys(["pgettext", "pgettext_lazy"], ((1, "c"), 2)),
    **dict.fromkeys(["npgettext", "npgettext_lazy"], ((1, "c"), 2, 3)),
}
HEADER = """msgid ""
msgstr ""
"Language: {locale}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: {plural_forms}\\n"

"""
NEVER = datetime(2000, 1, 1, tzinfo=UTC)  # what is compiled says nothing of when


def found_in(root: Path) -> Catalog:
    """Return every text below `root` that is marked for translation, none of them translated."""
    catalog = Catalog()
    for path in sources(root):
        for text, context in texts_of(path.read_text(), is_template=path.suffix in TEMPLATES):
            catalog.add(text, context=context)
    return catalog


def sources(root: Path) -> Iterator[Path]:
    """Our own Python and templates; what a migration wrote was said in its day."""
    for folder in SOURCES:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in (".py", *TEMPLATES) and "migrations" not in path.parts and "static" not in path.parts:
                yield path


def texts_of(source: str, *, is_template: bool = False) -> Iterator[tuple[Text, str | None]]:
    """Yield the texts that are marked in `source`, each with its context."""
    if is_template:
        parts = [f"({templatize(source)})"]  # in brackets, indentation means nothing
    else:  # what stands within an f-string is one word to a tokenizer
        inner = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FormattedValue))
        parts = [source, *(ast.unparse(node.value) for node in inner)]
    for part in parts:
        for _line, text, _comments, context in extract("python", io.BytesIO(part.encode()), MARKS):
            yield text, context


def catalogue_files(folder: Path) -> list[Path]:
    """Return the catalogues below `locale/`, one per language."""
    return sorted(folder.glob("*/LC_MESSAGES/*.po"))


def read(path: Path) -> Catalog:
    """Return a catalogue as it is written in its file."""
    with path.open("rb") as file:
        return read_po(file, locale=path.parent.parent.name)


def update(path: Path, template: Catalog) -> int:
    """Let a catalogue hold what `template` does, with the translations that it has; what nobody says any more goes.

    Return how many texts are translated.
    """
    catalog = read(path) if path.exists() else Catalog(locale=path.parent.parent.name)
    catalog.update(template, no_fuzzy_matching=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(written(catalog))
    return sum(is_translated(message) for message in catalog if message.id)


def is_translated(message: Message) -> bool:
    """True of a text that has a translation; where there is a plural, of each form."""
    forms = [message.string] if isinstance(message.string, str) else message.string or [""]
    return all(forms)


def written(catalog: Catalog) -> bytes:
    """Return a catalogue as its file: sorted by its texts, a line each."""
    out = io.BytesIO(HEADER.format(locale=catalog.locale, plural_forms=catalog.plural_forms).encode())
    out.seek(0, io.SEEK_END)
    write_po(out, catalog, width=0, no_location=True, omit_header=True, sort_output=True, ignore_obsolete=True)
    return out.getvalue()


def compile_changed(folder: Path) -> list[Path]:
    """Compile what differs from its catalogue, whatever the files' times say; return what was written or taken away.

    Any number of processes may do it at once: a reader finds a whole file, the old or the new one.
    """
    changed = []
    catalogues = {path.with_suffix(".mo"): path for path in catalogue_files(folder)}
    for target, path in catalogues.items():
        compiled = _compiled(path)
        if not target.exists() or target.read_bytes() != compiled:
            _replace(target, compiled)
            changed.append(target)
    for left in set(folder.glob("*/LC_MESSAGES/*.mo")) - set(catalogues):
        left.unlink(missing_ok=True)
        changed.append(left)
    return changed


def _compiled(path: Path) -> bytes:
    catalog = read(path)
    catalog.creation_date = catalog.revision_date = NEVER
    out = io.BytesIO()
    write_mo(out, catalog)
    return out.getvalue()


def _replace(target: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".", suffix=".mo.new")
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    Path(name).chmod(0o644)  # whoever serves pages reads it
    Path(name).replace(target)
