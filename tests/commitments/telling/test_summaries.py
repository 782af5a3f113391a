"""What whoever comes back is told."""

from datetime import timedelta

import pytest
from django.core import management
from django.utils import timezone, translation

from crm.commitments.actions import notify, reassign
from crm.commitments.models import Notification
from crm.commitments.planning import planner
from crm.commitments.telling import summaries, wording
from crm.core.actor import Actor
from crm.dossiers.models import Event
from crm.handovers import absences
from crm.handovers.actions import assign
from crm.outbox.models import Heartbeat, Message
from crm.poc.models import Absence
from tests.commitments.conftest import MONDAY, WEDNESDAY
from tests.factories.dossiers import DossierFactory, EventFactory, topic
from tests.factories.poc import AbsenceFactory, AssignmentFactory, PersonFactory, TeamFactory
from tests.factories.users import UserFactory, actor

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TUESDAY = MONDAY + DAY


def away(poc, starts=MONDAY, ends=WEDNESDAY, **fields):
    return AbsenceFactory(poc=poc, starts_at=starts, ends_at=ends, **fields)


def happened(record, kind, *, at=TUESDAY, actor=None):
    return EventFactory(kind=kind, happened_at=at, dossiers=[record], actor=actor)


def told_on_return(channel="email"):
    rows = Notification.objects.filter(kind="summary", channel=channel).select_related("recipient").order_by("pk")
    return [(n.recipient.name, n.idem_key) for n in rows]


def said(language="en"):
    """What the one summary says: its headline, and its details."""
    notice = Notification.objects.select_related("commitment", "dossier").get(kind="summary", channel="inbox")
    with translation.override(language), timezone.override("UTC"):
        (line,) = wording.lines([notice], WEDNESDAY)
    return line.headline, [detail.text for detail in line.details]


# --- When


def test_it_comes_once_at_the_moment_the_absence_ends(house):
    absence = away(house.ann)
    happened(house.record, Event.Kind.LOGGED)
    house.sweep_at("Wed 09:59")
    assert told_on_return() == []
    for hour in ("10:00", "10:00", "11:00"):
        house.sweep_at(f"Wed {hour}")
    assert told_on_return() == [("Ann", f"r:{absence.pk}:m{house.ann.pk}:email")]
    assert len(told_on_return("inbox")) == 1
    mails = Message.objects.filter(recipient=house.ann, channel="email")
    assert mails.count() == 1


def test_it_comes_when_they_are_back_early(house):
    absence = away(house.ann)
    at = house.at("Tue 10:00")
    absences.end_absence(absence=absence, by=house.by, at=at)
    planner.sweep()
    assert len(told_on_return("inbox")) == 1


def test_the_same_end_swept_twice_at_once_is_told_once(house):
    absence = away(house.ann)
    house.sweep_at("Wed 10:00")
    Absence.objects.filter(pk=absence.pk).update(summed_up_at=None)  # as if the first had been killed in between
    house.sweep_at("Wed 10:01")
    assert len(told_on_return("inbox")) == 1


def test_two_absences_without_a_break_are_one(house):
    away(house.ann, ends=TUESDAY)
    second = away(house.ann, starts=TUESDAY)
    happened(house.record, Event.Kind.LOGGED, at=MONDAY + HOUR)
    happened(house.record, Event.Kind.LOGGED, at=TUESDAY + HOUR)
    house.sweep_at("Tue 10:00")
    assert told_on_return("inbox") == []
    house.sweep_at("Wed 10:00")
    assert told_on_return("inbox") == [("Ann", f"r:{second.pk}:m{house.ann.pk}:inbox")]
    assert said()[1][0] == "2 conversations were logged"


@pytest.mark.parametrize("what", ["withdrawn", "one topic", "a team", "deactivated"])
def test_nobody_is_told_who_was_not_away_or_does_not_come_back(house, what):
    if what == "withdrawn":
        away(house.ann, ends=MONDAY)
    elif what == "one topic":
        away(house.ann, topic=topic("billing"))
    elif what == "a team":
        away(TeamFactory(members=[house.ann]))
    else:
        away(PersonFactory(deactivated_at=TUESDAY))
    house.sweep_at("Wed 10:00")
    assert told_on_return("inbox") == []
    assert not Absence.objects.filter(summed_up_at=None).exists()


def test_the_guard_tells_them_too_when_nobody_rings(house_alone):
    away(house_alone.ann)
    house_alone.at("Wed 10:00")
    Heartbeat.objects.all().delete()
    management.call_command("engine_guard", once=True)
    assert len(told_on_return("inbox")) == 1


def test_one_that_cannot_be_summed_up_holds_nobody_up(house, monkeypatch, caplog):
    bad, _good = away(house.ann), away(house.ben)
    really = summaries._counts

    def counts(poc, *rest):
        if poc.pk == house.ann.pk:
            raise ValueError("broken")
        return really(poc, *rest)

    monkeypatch.setattr(summaries, "_counts", counts)
    house.sweep_at("Wed 10:00")
    assert [name for name, _key in told_on_return("inbox")] == ["Ben"]
    assert f"Cannot sum up absence {bad.pk}" in caplog.text
    monkeypatch.undo()
    house.sweep_at("Wed 10:02")
    assert [name for name, _key in told_on_return("inbox")] == ["Ben", "Ann"]


@pytest.fixture
def failing(house, monkeypatch):
    """Ann has come back, and her summary fails; returns the ids that were tried, as they are tried."""
    tried = []

    def fail(pk, at):
        tried.append(pk)
        raise ValueError("broken")

    away(house.ann)
    monkeypatch.setattr(summaries, "_sum_up", fail)
    return tried


def test_one_that_fails_is_tried_again_each_time_twice_as_late(house, failing):
    tries = []
    for minute in range(60):
        house.sweep_at(f"Wed 10:{minute:02}")
        tries.append(len(failing))
    assert [minute for minute in range(60) if tries[minute] > (tries[minute - 1] if minute else 0)] == [0, 2, 6, 14, 30]


def test_after_five_failures_the_administrators_are_told_once_and_it_is_still_tried(house, failing, told):
    PersonFactory(name="Ada", user=UserFactory(administrator=True))
    for minute in (0, 2, 6, 14):
        house.sweep_at(f"Wed 10:{minute:02}")
    assert told() == []
    for hour in ("10:30", "11:02", "12:06"):
        house.sweep_at(f"Wed {hour}")
    assert told() == [("no_summary", "Ada")]
    assert len(failing) == 7


def test_a_summary_that_failed_for_weeks_comes_once_it_can(house, failing, monkeypatch):
    Absence.objects.update(sum_up_errors=200)
    house.sweep_at("Wed 10:00")
    monkeypatch.undo()
    house.sweep_at("Thu 03:03")
    assert told_on_return("inbox") == []
    house.sweep_at("Thu 03:04")
    assert [name for name, _key in told_on_return("inbox")] == ["Ann"]


def test_what_fails_keeps_no_place_in_the_next_sweep(house, failing, monkeypatch):
    monkeypatch.setattr(summaries, "BATCH", 1)
    house.sweep_at("Wed 10:00")
    monkeypatch.undo()
    monkeypatch.setattr(summaries, "BATCH", 1)
    away(house.ben)
    house.sweep_at("Wed 10:01")
    assert [name for name, _key in told_on_return("inbox")] == ["Ben"]


# --- What


def test_it_counts_what_others_did_to_their_records_while_they_were_away(house):
    away(house.ann)
    below = DossierFactory(kind="contact", parent=house.record)
    elsewhere = DossierFactory()
    for kind, times in ((Event.Kind.LOGGED, 2), (Event.Kind.ESCALATED, 1), (Event.Kind.CHANGED, 1)):
        for _n in range(times):
            happened(house.record, kind)
    happened(below, Event.Kind.KEPT)
    happened(house.record, Event.Kind.LOGGED, actor=house.ann.user)
    happened(house.record, Event.Kind.LOGGED, at=MONDAY - HOUR)
    happened(house.record, Event.Kind.LOGGED, at=WEDNESDAY)
    happened(elsewhere, Event.Kind.LOGGED)
    house.sweep_at("Wed 10:00")
    headline, details = said()
    assert headline == "Welcome back: what happened while you were away"
    assert details == [
        "2 conversations were logged", "1 thing was escalated", "1 promise was settled", "1 change to a record",
    ]  # fmt: skip


def test_it_names_what_needs_them_now_with_the_overdue_first(house):
    away(house.ann)
    house.promise(title="Send the offer", due_at=WEDNESDAY + HOUR)
    house.promise(title="Call Ms Lima", due_at=TUESDAY)
    house.promise(title="Next month", due_at=WEDNESDAY + 30 * DAY)
    house.sweep_at("Wed 10:00")
    waiting = said()[1][-2:]
    assert waiting == [
        "Due Tue 3 Mar, 09:30: Call Ms Lima (Atlantico)",
        "Due Wed 4 Mar, 11:00: Send the offer (Atlantico)",
    ]


def test_whom_they_stand_in_for_is_news_to_them(house):
    away(house.ann)
    away(PersonFactory(name="Ivo"), starts=TUESDAY, ends=WEDNESDAY + 2 * DAY, cover=house.ann)
    away(PersonFactory(name="Olga"), starts=WEDNESDAY + DAY, ends=WEDNESDAY + 2 * DAY, cover=house.ann)
    house.sweep_at("Wed 10:00")
    assert said()[1][-2:] == [
        "You stand in for Ivo until Fri 6 Mar, 10:00",
        "You stand in for Olga from Thu 5 Mar, 10:00 until Fri 6 Mar, 10:00",
    ]


def test_where_nothing_happened_the_inbox_says_so_and_no_mail_goes_out(house):
    away(house.ann)
    house.sweep_at("Wed 10:00")
    assert (told_on_return(), said()[1]) == ([], ["Nothing happened to your records."])


def test_a_summary_costs_the_same_however_much_happened(house, django_assert_max_num_queries):
    away(house.ann)
    for _n in range(30):
        record = AssignmentFactory(poc=house.ann, dossier=DossierFactory()).dossier
        happened(record, Event.Kind.LOGGED)
    house.at("Wed 10:00")
    # clock, who came back · the row, still away?, whom to tell, since when, records, counts, what needs them (as
    # My day), whom they cover, the notice, the mark, and its transaction
    with django_assert_max_num_queries(28):
        summaries.tell_returned()


# --- The absent get nothing else


def test_nobody_away_is_told_anything_by_any_way(house, told):
    away(house.ann, cover=house.ben)
    at = house.at("Tue 09:30")
    house.promise(poc=house.ann, due_at=at)
    planner.sweep()
    other = DossierFactory()
    assign(dossier=other, topic=topic(), poc=house.ann, reason="", by=house.by, at=at)
    notify(
        idem_key="e:1:logged", kind="logged", recipient_poc_ids=[house.ann.pk], dossier=other, context={}, by=house.by,
        at=at,
    )  # fmt: skip
    reassign(commitment=house.promise(), poc=house.ann, by=house.by, at=at)
    assert "Ann" not in {name for _kind, name in told()} | {name for _kind, name in told("inbox")}
    assert ("reminder", "Ben") in told()
    assert ("reassigned", "Ben") in told()


def test_a_team_that_tells_all_leaves_out_who_is_away(house, told):
    team = TeamFactory(members=[house.ann, house.ben], delivery="all")
    away(house.ann)
    at = house.at("Tue 09:30")
    reassign(commitment=house.promise(), poc=team, by=house.by, at=at)
    assert told() == [("reassigned", "Ben")]


# --- Why me


@pytest.mark.parametrize(
    ("absence", "why"),
    [
        ({"cover": "ben"}, "You get this because you stand in for Ann, away until 4 Mar."),
        ({}, "You get this because you stand in for Ann, away until 4 Mar."),  # the backup
    ],
)
def test_who_stands_in_reads_for_whom_and_until_when(house, absence, why):
    away(house.ann, **{name: getattr(house, value) for name, value in absence.items()})
    house.promise(due_at=TUESDAY)
    house.sweep_at("Tue 09:30")
    assert _why("reminder") == why


def test_who_stands_in_for_one_who_left_reads_that(house):
    type(house.ann).objects.filter(pk=house.ann.pk).update(deactivated_at=MONDAY)
    house.promise(due_at=TUESDAY)
    house.sweep_at("Tue 09:30")
    assert _why("reminder") == "You get this because you stand in for Ann, who no longer answers."


def test_what_is_given_to_one_who_is_away_says_so_to_their_cover(house):
    away(house.ann, cover=house.ben)
    at = house.at("Tue 09:30")
    reassign(commitment=house.promise(), poc=house.ann, by=Actor(house.lea.user), reason="Knows them", at=at)
    notice = Notification.objects.get(kind="reassigned", channel="email")
    (line,) = wording.lines([notice], at)
    assert (line.why, line.note) == (
        "You get this because you stand in for Ann, away until 4 Mar.", "Knows them",
    )  # fmt: skip


def _why(kind):
    notice = Notification.objects.filter(kind=kind, channel="email").select_related("commitment", "dossier").first()
    with timezone.override("UTC"):
        (line,) = wording.lines([notice], TUESDAY)
    return line.why


def test_whoever_covers_reads_from_when_until_when_and_about_what(house):
    absences.set_absence(
        poc=house.ann, cover=house.ben, topic=topic("billing"), starts_at=MONDAY.replace(hour=0) + DAY,
        ends_at=MONDAY.replace(hour=0, minute=0) + 4 * DAY, by=actor(), at=MONDAY,
    )  # fmt: skip
    notice = Notification.objects.get(kind="cover_asked", channel="email")
    with timezone.override("UTC"):
        (line,) = wording.lines([notice], MONDAY)
    assert line.headline == "You stand in for Ann"
    assert line.lead.startswith("From Tue 3 Mar, 00:30 until Thu 5 Mar. About billing. Entered by ")
