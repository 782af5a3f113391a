"""Every text of the product is there in each language, with all its forms."""

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from django.conf import settings
from django.utils.translation import to_locale

from contacts.models import ContactRole
from crm.commitments.models import Policy
from crm.commitments.telling import wording
from crm.core import catalogues
from crm.dossiers import shipped
from crm.dossiers.models import Channel, Outcome, Purpose, Topic
from crm.handovers.models import BriefingPart
from tests.architecture.test_words import OURS

LOCALES = [to_locale(code) for code, _name in settings.LANGUAGES if code != settings.LANGUAGE_CODE]
FORBIDDEN = {  # what DESIGN calls ours, said in the other languages
    "es": r"\b(dos+ier|compromisos?|escaleras?|rangos?)\b",
    "pt_BR": r"\b(dossiê|compromissos?|escadas?|ranques?)\b",
    "it": r"\b(dossier|impegn[oi]|scale|rang[oh]i?)\b",
    "ru": r"(досье|лестниц|\bранг)",
}


@pytest.fixture(scope="module")
def sources() -> Catalog:
    return catalogues.found_in(settings.BASE_DIR)


@pytest.fixture(params=LOCALES)
def path(request) -> Path:
    return settings.LOCALE_PATHS[0] / request.param / "LC_MESSAGES" / "django.po"


@pytest.fixture
def catalog(path) -> Catalog:
    return catalogues.read(path)


def ids(message: Message) -> tuple[str, ...]:
    return message.id if message.pluralizable else (message.id,)


def forms(message: Message) -> tuple[str, ...]:
    return tuple(message.string) if message.pluralizable else (message.string,)


def is_said(message: Message | None, catalog: Catalog) -> bool:
    """True of what is translated for good, in as many forms as the language has."""
    if message is None or message.fuzzy:
        return False
    return all(forms(message)) and len(forms(message)) == (catalog.num_plurals if message.pluralizable else 1)


def test_every_text_is_translated_for_good(sources, catalog):
    assert len(sources) > 2_500
    said = [message for message in sources if message.id]
    missing = [m.id for m in said if not is_said(catalog.get(m.id, m.context), catalog)]
    assert missing == [], "Add them with `manage.py makemessages`, and translate them."


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"%\(\w+\)[a-z]|%[a-z%]", text))


def test_a_translation_leaves_out_nothing_and_names_nothing_else(catalog):
    for message in catalog:
        texts = ids(message)
        allowed, needed = set.union(*map(placeholders, texts)), set.intersection(*map(placeholders, texts))
        for form in forms(message) if message.id and any(forms(message)) else ():
            assert needed <= placeholders(form) <= allowed, message.id
            assert (form[:1].isspace(), form[-1:].isspace()) == (texts[0][:1].isspace(), texts[0][-1:].isspace())


def test_of_several_only_one_form_may_do_without_the_number(catalog):
    """In Russian the first form is that of 21 too: it has to name the number wherever the others do."""
    for message in catalog:
        if message.pluralizable and message.id and catalog.num_plurals > 2:
            assert all("%(n)s" in form for form in forms(message) if "%(n)s" in message.id[1]), message.id


def test_a_catalogue_holds_nothing_that_nobody_says_and_is_written_in_one_way(path, catalog, sources):
    obsolete = [m.id for m in catalog if m.id and sources.get(m.id, m.context) is None]
    assert obsolete == [], "`manage.py makemessages` takes them out."
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
        (Outcome, shipped.OUTCOMES), (ContactRole, shipped.ROLES), (BriefingPart, shipped.BRIEFING),
        (Policy, shipped.POLICIES),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)  # fmt: skip
def test_the_shipped_words_are_those_that_catalogues_know(kind, words):
    assert set(kind.objects.values_list("name", flat=True)) == set(words)


@pytest.mark.django_db
def test_what_a_shipped_briefing_asks_for_is_what_catalogues_know():
    assert set(BriefingPart.objects.values_list("help", flat=True)) == set(shipped.ASKED_IN_A_BRIEFING)


def test_every_kind_of_notice_takes_its_words_from_what_is_marked(sources):
    said = {text for message in sources if message.id for text in ids(message)}
    for words in wording._words.values():
        assert {str(words.headline), str(words.lead)} - {""} <= said
