"""Catalogues: gathered from the sources, kept in one order, compiled by content, whole at every moment."""

import gettext
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.core.management import call_command

from crm.core import catalogues

SAID = """
from django.utils.translation import gettext as _, ngettext, pgettext

def f(n):
    _("Due now") and pgettext("actor", "Liaison") and _l(
        "one " "sentence"
    )
    return ngettext("%(n)s day", "%(n)s days", n) % {"n": n} + tr("not marked") + _(name)
"""
SHOWN = """{% load i18n %}
   <p title="{% translate 'My day' %}">{% blocktranslate with who=name %}Hello {{ who }},
  100% yours{% endblocktranslate %}</p>
{% blocktranslate count n=n %}… and {{ n }} more.{% plural %}… and {{ n }} more of them.{% endblocktranslate %}
"""


def test_what_python_marks_is_found_with_its_context_and_its_plural():
    assert list(catalogues.texts_of(SAID)) == [
        ("Due now", None), ("Liaison", "actor"), ("one sentence", None), (("%(n)s day", "%(n)s days"), None),
    ]  # fmt: skip


def test_what_is_marked_within_an_f_string_is_found():
    assert ("Kind regards", None) in set(catalogues.texts_of("x = f\"{_('Kind regards')}, {name}\""))


def test_what_a_template_marks_is_found_as_it_is_asked_for():
    assert list(catalogues.texts_of(SHOWN, is_template=True)) == [
        ("My day", None),
        ("Hello %(who)s,\n  100%% yours", None),
        (("… and %(n)s more.", "… and %(n)s more of them."), None),
    ]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "crm" / "migrations").mkdir(parents=True)
    (tmp_path / "crm" / "words.py").write_text('_("Zone"), _("About %(topic)s.")\n')
    (tmp_path / "crm" / "migrations" / "0001.py").write_text('_("of its day")\n')
    return tmp_path


def catalogue(tree: Path, locale: str = "ru") -> Path:
    return tree / "locale" / locale / "LC_MESSAGES" / "django.po"


def test_a_catalogue_is_in_the_order_of_its_texts_and_names_no_line_and_no_moment(tree):
    catalogues.update(catalogue(tree), catalogues.found_in(tree))
    text = catalogue(tree).read_text()
    assert [line for line in text.splitlines() if line.startswith("msgid")] == [
        'msgid ""', 'msgid "About %(topic)s."', 'msgid "Zone"',
    ]  # fmt: skip
    assert "words.py" not in text and "Date" not in text and str(tree) not in text
    assert "nplurals=3" in text


def test_translations_are_kept_and_a_second_time_changes_nothing(tree):
    path = catalogue(tree)
    catalogues.update(path, catalogues.found_in(tree))
    path.write_text(path.read_text().replace('msgid "Zone"\nmsgstr ""', 'msgid "Zone"\nmsgstr "Пояс"'))
    before = path.read_bytes()
    catalogues.update(path, catalogues.found_in(tree))
    assert path.read_bytes() == before
    assert catalogues.read(path).get("Zone").string == "Пояс"


def test_what_nobody_says_any_more_goes_and_is_not_guessed_to_be_something_else(tree):
    path = catalogue(tree)
    catalogues.update(path, catalogues.found_in(tree))
    path.write_text(path.read_text().replace('msgid "Zone"\nmsgstr ""', 'msgid "Zone"\nmsgstr "Пояс"'))
    (tree / "crm" / "words.py").write_text('_("Zones")\n')
    catalogues.update(path, catalogues.found_in(tree))
    assert [(m.id, m.string) for m in catalogues.read(path) if m.id] == [("Zones", "")]
    assert "fuzzy" not in path.read_text() and "Пояс" not in path.read_text()


@pytest.fixture
def written(tree: Path) -> Path:
    path = catalogue(tree, "it")
    path.parent.mkdir(parents=True)
    path.write_text(
        catalogues.HEADER.format(locale="it", plural_forms="nplurals=2; plural=(n != 1);")
        + 'msgid "Zone"\nmsgstr "Fuso"\n\nmsgid "%(n)s day"\nmsgid_plural "%(n)s days"\n'
        'msgstr[0] "%(n)s giorno"\nmsgstr[1] "%(n)s giorni"\n\n#, fuzzy\nmsgid "Rough"\nmsgstr "Ruvido"\n'
    )
    return path


def spoken(path: Path) -> gettext.GNUTranslations:
    with path.with_suffix(".mo").open("rb") as file:
        return gettext.GNUTranslations(file)


def test_what_is_compiled_speaks_and_what_is_only_guessed_does_not(tree, written):
    assert catalogues.compile_changed(tree / "locale") == [written.with_suffix(".mo")]
    words = spoken(written)
    assert (words.gettext("Zone"), words.gettext("Rough")) == ("Fuso", "Rough")
    assert [words.ngettext("%(n)s day", "%(n)s days", n) for n in (1, 2)] == ["%(n)s giorno", "%(n)s giorni"]


def test_a_second_time_nothing_is_written(tree, written):
    catalogues.compile_changed(tree / "locale")
    assert catalogues.compile_changed(tree / "locale") == []


def test_a_changed_catalogue_is_compiled_again_even_if_its_file_looks_older(tree, written):
    catalogues.compile_changed(tree / "locale")
    written.write_text(written.read_text().replace("Fuso", "Fuso orario"))
    os.utime(written, (0, 0))
    assert catalogues.compile_changed(tree / "locale") == [written.with_suffix(".mo")]
    assert spoken(written).gettext("Zone") == "Fuso orario"


def test_what_has_no_catalogue_any_more_goes(tree, written):
    catalogues.compile_changed(tree / "locale")
    written.unlink()
    assert catalogues.compile_changed(tree / "locale") == [written.with_suffix(".mo")]
    assert list(written.parent.iterdir()) == []


def test_many_at_once_leave_whole_files_and_nothing_beside_them(tree, written):
    def compiled(_n: int) -> str:
        catalogues.compile_changed(tree / "locale")
        return spoken(written).gettext("Zone")

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(compiled, range(40))) == {"Fuso"}
    assert sorted(path.name for path in written.parent.iterdir()) == ["django.mo", "django.po"]
    assert written.with_suffix(".mo").stat().st_mode & 0o777 == 0o644


@pytest.fixture
def ours(tree, settings) -> Path:
    settings.BASE_DIR, settings.LOCALE_PATHS = tree, [tree / "locale"]
    return tree


def test_the_commands_write_and_compile_each_language(ours, capsys):
    catalogues.update(catalogue(ours, "it"), catalogues.found_in(ours))
    zone = catalogue(ours, "it").read_text().replace('msgid "Zone"\nmsgstr ""', 'msgid "Zone"\nmsgstr "Fuso"')
    catalogue(ours, "it").write_text(zone)
    call_command("makemessages", "--all")
    assert "locale/it/LC_MESSAGES/django.po: 1 of 2 texts are translated" in capsys.readouterr().out
    assert sorted(path.parent.parent.name for path in catalogues.catalogue_files(ours / "locale")) == [
        "es", "it", "pt_BR", "ru",
    ]  # fmt: skip
    call_command("compilemessages")
    call_command("compilemessages")
    assert capsys.readouterr().out.count("django.mo") == 4
    (ours / "crm" / "words.py").write_text('_("Zones")\n')
    call_command("makemessages", "--locale", "pt-br")
    assert "Zones" in catalogue(ours, "pt_BR").read_text()
    assert "Zones" not in catalogue(ours, "es").read_text()
