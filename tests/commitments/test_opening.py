"""Promising: due by a moment, by a clock on somebody's wall, or by the target of a policy."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from crm.commitments.actions import Promise, open_commitments
from crm.commitments.models import Commitment, Kind
from crm.commitments.refusals import DueRequired, OddMoment, TitleRequired
from crm.core.refusals import UnknownZone
from crm.dossiers.models import Event, Firm
from tests.commitments.conftest import MONDAY, WEDNESDAY, moment
from tests.factories.dossiers import channel, purpose, topic
from tests.factories.poc import CalendarFactory, PersonFactory


def test_a_moment_is_kept_as_a_clock_in_its_zone_shows_it(house):
    commitment = house.promise(zone="Europe/Lisbon", due_at=datetime(2026, 7, 1, 9, tzinfo=UTC))
    assert (commitment.due_on, commitment.due_time) == (date(2026, 7, 1), time(10))
    assert commitment.due_local == datetime(2026, 7, 1, 10)  # noqa: DTZ001


def test_a_local_time_becomes_a_moment_by_the_zone_s_own_rules(house):
    missing = datetime(2026, 3, 29, 2, 30)  # noqa: DTZ001
    commitment = house.promise(due_at=None, due_local=missing, zone="Europe/Madrid")
    assert commitment.due_at == datetime(2026, 3, 29, 1, tzinfo=UTC)


def test_without_a_zone_it_is_that_of_the_one_it_is_given_to_else_the_firms(house):
    Firm.objects.update_or_create(defaults={"zone": "Europe/Rome"})
    assert house.promise(zone="").zone == "Europe/Rome"
    assert house.promise(zone="", poc=PersonFactory(zone="Asia/Tokyo")).zone == "Asia/Tokyo"


def test_a_first_answer_is_due_by_its_target_over_the_working_time_of_whoever_answers(house):
    answer = house.promise(kind=Kind.FIRST_ANSWER, due_at=None, zone="", at=moment("Fri 15:00"))
    assert answer.due_at == moment("Mon+ 14:00")  # eight working hours, nine to six
    house.ann.calendar = CalendarFactory(zone="America/New_York", nine_to_six=True)
    house.ann.save()
    there = house.promise(kind=Kind.FIRST_ANSWER, due_at=None, zone="", at=moment("Mon 09:30"))
    assert (there.due_at, there.zone) == (moment("Mon 22:00"), "America/New_York")


def test_the_caller_may_name_whose_working_time_counts(house, django_assert_max_num_queries):
    ben = house.ben
    ben.calendar = CalendarFactory(zone="America/New_York", nine_to_six=True)
    ben.save()
    with django_assert_max_num_queries(18):
        answer = house.promise(kind=Kind.FIRST_ANSWER, due_at=None, zone="", answers=ben.pk)
    assert answer.zone == "America/New_York"


def test_opening_with_a_moment_costs_five_queries(house, django_assert_num_queries):
    with django_assert_num_queries(5 + 1):  # policy, row, event with its two parts; here a topic
        house.promise(zone="")


@pytest.mark.parametrize(
    ("values", "refusal", "field"),
    [
        ({"title": "  "}, TitleRequired, "title"),
        ({"due_at": None}, DueRequired, "due_at"),
        ({"due_at": WEDNESDAY + timedelta(days=50_000)}, OddMoment, "due_at"),
        ({"due_at": WEDNESDAY - timedelta(days=50_000)}, OddMoment, "due_at"),
        ({"zone": "Nowhere"}, UnknownZone, "zone"),
    ],
)
def test_what_cannot_be_promised_is_refused_and_nothing_is_written(house, values, refusal, field):
    with pytest.raises(refusal) as refused:
        house.promise(**values)
    assert refused.value.field == field
    assert refused.value.messages[0]
    assert not Commitment.objects.exists()
    assert not Event.objects.exists()


def test_two_hundred_are_opened_in_a_handful_of_queries(house, django_assert_max_num_queries):
    promises = [
        Promise(
            dossier=house.record, topic=topic(), kind=Kind.FOLLOW_UP, title=f"Call {n}", due_at=WEDNESDAY, zone="UTC"
        )
        for n in range(200)
    ]
    with django_assert_max_num_queries(16):  # SQLite takes fewer parameters in one statement
        opened = open_commitments(promises, by=house.by, at=MONDAY)
    assert [c.title for c in opened] == [p.title for p in promises]
    assert Event.objects.filter(kind=Event.Kind.OWED).count() == 200


def test_the_event_keeps_what_was_promised_and_through_what(house):
    house.promise(purpose=purpose("complaint"), channel=channel("phone"), poc=house.ben)
    event = Event.objects.get()
    assert event.facts["due_at"] == WEDNESDAY.isoformat()
    assert (event.facts["purpose"], event.facts["channel"]) == ("complaint", "phone")
    assert event.personal.values == {"title": "Call Ms Lima", "poc": "Ben"}
