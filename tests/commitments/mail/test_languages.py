"""Each kind of mail in each language: nothing is left in English, dates and numbers are as people write them there."""

import pytest

from crm.commitments import waiting
from crm.commitments.auditing import catalogue
from crm.commitments.mail import mail_items, mails
from crm.commitments.models import Commitment, Kind, Notification
from crm.commitments.telling import summaries, wording
from crm.core import clock
from crm.dossiers.models import Firm
from crm.outbox.models import Message
from crm.poc.recipients import reach
from tests.commitments.conftest import moment
from tests.factories.accounts import AccountFactory
from tests.factories.commitments import CommitmentFactory
from tests.factories.contacts import ContactFactory, role
from tests.factories.dossiers import outcome
from tests.factories.interactions import FollowUpFactory, InteractionFactory
from tests.factories.poc import AssignmentFactory, TeamFactory
from tests.factories.users import UserFactory
from tests.spoken import LANGUAGES, left_in_english, sentences

pytestmark = pytest.mark.sqlite  # words are the same on either

NAMES = [
    "Call Ms Lima", "Atlantico", "Marvila", "Beatriz Lima", "Max Weber", "Cora Hall", "Nina Ek", "Team AR", "Ann",
    "Ben", "Lea", "Sales", "Old Firm", "Front desk", "550 no such user", "He said so", "Rua 1",
    "About 2026-1187",
]  # fmt: skip
SAME = {"min", "in", "h", "chatbot", "feedback", "follow-up", "e-mail", "Chatbot", "Feedback", "Escalation"}
FACTS = {
    "by": "Max Weber", "topic": "Billing", "purpose": "Problem", "outcome": "Reached", "channel": "Phone",
    "name": "Cora Hall", "new": "Nina Ek", "was": "Ben", "to": "Team AR", "giver": "Ben", "receiver": "Nina Ek",
    "what": "Atlantico", "merged": "Old Firm", "contact": "Beatriz Lima", "user": "Max Weber", "note": "He said so",
    "from": "2026-03-02T00:00:00+00:00", "until": "2026-03-06T12:30:00+00:00", "n_records": 3, "n_owed": 2,
    "records": "Atlantico, Marvila", "reply": "550 no such user", "address": "cora@firm.example",
    "title": "Call Ms Lima",
    "counts": dict.fromkeys(summaries.GROUPS, 5), "n_needs": 7,
    "needs": [{"id": 1, "title": "Call Ms Lima", "record": "Marvila", "due": "2026-03-04T10:00:00+00:00"}],
    "covers": [
        {"name": "Cora Hall", "from": "", "until": "2026-03-06T00:00:00+00:00"},
        {"name": "Nina Ek", "from": "2026-03-05T00:00:00+00:00", "until": "2026-03-07T12:00:00+00:00"},
    ],
    "found": [{"code": code, "n": 3, "repaired": 2} for code in (*catalogue.CHECKS, catalogue.FAILED)],
}  # fmt: skip
OF_NO_PROMISE = {
    "assigned_new", "assigned_old", "unassigned", "archived", "merged", "restored", "cover_asked", "cover_changed",
    "cover_ended", "cover_withdrawn", "cover_passed", "away_entered", "left", "stayed", "logged", "summary",
    "no_summary", "address_refused", "never_opens", "audit", "something else",
}  # fmt: skip
WEDNESDAY = {
    "en": "Wed 4 Mar, 10:00", "es": "mié 4 mar, 10:00", "it": "mer 4 mar, 10:00", "pt-br": "qua 4 mar, 10:00",
    "ru": "ср 4 мар, 10:00",
}  # fmt: skip


@pytest.fixture
def kinds():
    """Every kind of notice, by the names under which words are registered; "late" and "due" ones are reminders."""
    return [*sorted(set(wording._words) - {"late_reminder", "due_reminder"}), "something else"]


@pytest.fixture
def owed(house):
    """Something owed, as full as it can be: a project's contact to call, with a zone of her own, and what was said."""
    account = AccountFactory(name="Marvila", zone="Asia/Tokyo")
    AssignmentFactory(dossier=account.dossier, poc=house.ann)
    AssignmentFactory(dossier=account.dossier, poc=house.ben, rank=1)
    lima = ContactFactory(name="Beatriz Lima", account=account, phones=["+351215550123"], roles=[role("billing")])
    InteractionFactory(
        account=account, contact=lima, dossier=account.dossier, outcome=outcome("left_message"), note="He said so",
        logged_by=UserFactory(name="Max Weber"), occurred_at=moment("Mon 08:00"),
    )  # fmt: skip
    commitment = house.promise(dossier=account.dossier)
    FollowUpFactory(commitment=commitment, contact=lima, text="About 2026-1187", place="Rua 1")
    return commitment


def notice(house, kind, about=None, **facts):
    given = FACTS | ({"path": "/me/"} if kind == "audit" else {}) | {"why": "poc"} | facts
    dossier = about.dossier if about else house.record
    return Notification(
        kind=kind, facts=given, commitment=about, dossier=dossier, recipient=house.ann, planned_for=moment("Mon 10:00")
    )


def letters(house, said, language, at="Tue 10:00"):
    """Write a mail of each of these lots of notices to Ann, in a language."""
    house.ann.user.language = language
    house.ann.user.save()
    house.at(at)
    everything = [n for lot in said for n in lot]
    prepared = mail_items.prepare({house.ann.pk: everything}, clock.now())
    written = []
    for lot in said:
        message = Message(recipient=house.ann, kind="notice", created_at=moment(at))
        message.first_tried_at = moment(at)
        written.append(mails.compose(message, lot, prepared))
    return written


def all_of(letter):
    return "\n".join([letter.subject, letter.text, letter.html])


def leftovers(house, said, language, at="Tue 10:00"):
    in_english = letters(house, said, "en", at)
    spoken = letters(house, said, language, at)
    assert {letter.language for letter in spoken} == {language}
    pairs = zip(spoken, in_english, strict=True)
    return [left_in_english(all_of(one), all_of(english), NAMES, SAME) for one, english in pairs]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_of_notice_is_said_whole(house, owed, kinds, language):
    said = [[notice(house, kind, None if kind in OF_NO_PROMISE else owed)] for kind in kinds]
    found = {kind: left for kind, left in zip(kinds, leftovers(house, said, language), strict=True) if left}
    assert found == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_why_one_is_told_is_said(house, owed, language):
    facts = [{"why": why, "holder": house.ben.pk, "answers": house.ben.pk} for why in wording._WHY]
    facts += [{"why": why, "team": house.team.pk, "answers": house.ben.pk} for why in wording._WHY]
    facts += [{"why": "poc", "holder": house.ben.pk, "away_until": "2026-03-06T00:00:00+00:00"}]
    said = [[notice(house, "reminder", owed, **each)] for each in facts]
    assert [left for left in leftovers(house, said, language) if left] == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("at", ["Mon 10:00", "Wed 09:15", "Wed 10:00", "Wed 16:40", "Fri 09:00"])
def test_a_reminder_is_said_whole_however_near_or_late_it_is(house, owed, language, at):
    said = [[notice(house, kind, owed)] for kind in ("reminder", "escalation")]
    assert leftovers(house, said, language, at) == [[], []]


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_waits_is_decided_elsewhere_or_keeps_in_touch_is_said_whole(house, owed, language):
    handover = CommitmentFactory(dossier=owed.dossier, kind=Kind.HANDOVER, title="Call Ms Lima")
    touch = CommitmentFactory(dossier=owed.dossier, kind=Kind.TOUCH, title="Call Ms Lima")
    problem = CommitmentFactory(dossier=owed.dossier, kind=Kind.RESOLUTION, title="Call Ms Lima")
    waiting.wait(commitment=owed, by=house.by, at=house.at("Mon 11:00"))
    waits = Commitment.objects.select_related("dossier").get(pk=owed.pk)
    said = [
        [notice(house, "still_waiting", waits)],
        *([notice(house, "reminder", c)] for c in (handover, touch, problem)),
    ]
    assert leftovers(house, said, language) == [[], [], [], []]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_digest_is_said_whole(house, owed, kinds, language):
    lot = [notice(house, kind, None if kind in OF_NO_PROMISE else owed) for kind in kinds]
    assert leftovers(house, [lot + lot], language) == [[]]


@pytest.mark.parametrize("language", ["en", *LANGUAGES])
def test_days_are_written_as_the_reader_does(house, language):
    [letter] = letters(house, [[notice(house, "reminder", house.promise())]], language)
    assert WEDNESDAY[language] in letter.subject
    assert WEDNESDAY[language] in letter.text and WEDNESDAY[language] in letter.html


@pytest.mark.parametrize(
    ("language", "n", "subject"),
    [
        ("ru", 2, "2 дела ждут вас"), ("ru", 5, "5 дел ждут вас"), ("ru", 21, "21 дело ждёт вас"),
        ("es", 2, "2 asuntos le esperan"), ("it", 2, "2 cose La attendono"), ("pt-br", 2, "2 itens esperam por você"),
    ],
)  # fmt: skip
def test_a_number_takes_the_form_that_the_language_gives_it(house, language, n, subject):
    [letter] = letters(house, [[notice(house, "reminder", house.promise()) for _ in range(n)]], language)
    assert letter.subject == subject


def test_moments_are_in_the_readers_zone_and_words(house):
    house.ann.user.time_zone = "America/Sao_Paulo"
    [letter] = letters(house, [[notice(house, "reminder", house.promise())]], "pt-br")
    assert letter.subject == "Vence qua 4 mar, 07:00: Call Ms Lima"


def test_a_way_out_begins_large_though_days_are_small(house):
    [letter] = letters(house, [[notice(house, "reminder", house.promise())]], "es", at="Fri 10:00")
    assert "\nLun 09:00: http" in letter.text


@pytest.mark.parametrize(("reply", "said"), [("bad_address", "не"), ("not deliverable", "доставить невозможно")])
def test_what_we_say_in_place_of_a_mail_server_is_translated(house, reply, said):
    [letter] = letters(house, [[notice(house, "undelivered", house.promise(), reply=reply)]], "ru")
    assert said in letter.text and reply not in letter.text


def test_what_people_typed_stays_as_they_typed_it(house):
    promise = house.promise(title="Due now: General")
    [letter] = letters(house, [[notice(house, "reminder", promise, note="Billing")]], "es")
    assert "Due now: General" in letter.text and "Billing" in letter.text


def test_whoever_chose_no_language_reads_the_houses_and_so_does_a_shared_mailbox(house):
    Firm.objects.update(language="it", zone="Europe/Rome")
    team = TeamFactory(name="Team AR", email="ar@firm.example", delivery="mailbox", members=[house.ben])
    house.ben.user.language = "ru"
    house.ben.user.save()
    people = reach([house.ann.pk, team.pk, house.ben.pk])
    assert [people[poc.pk].language for poc in (house.ann, team, house.ben)] == ["it", "it", "ru"]


def test_the_measure_itself_finds_what_is_left_in_english():
    english = "Due now: Ms Lima\nYou get this because you answer for it. Open the record"
    assert left_in_english("Vence ahora: Ms Lima\nOpen the record", english, ["Ms Lima"]) == ["Open the record"]
    assert left_in_english("Vence ahora. It is yours", english) == ["It is yours"]
    assert sentences("<p>Ms&nbsp;Lima</p>https://crm.example/the", ["Ms Lima"]) == ["Ms\xa0Lima"]
