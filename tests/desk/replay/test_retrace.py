"""How an incident had to be judged, from its rows alone."""

from itertools import pairwise

from crm.commitments.models import Unit
from crm.desk.replay import retrace
from crm.desk.replay.acts import Kind as Do
from crm.desk.replay.fit import WEEKDAYS, Cut, Fit
from crm.desk.replay.log import State, read
from crm.desk.replay.terms import Target
from tests.desk.replay.incidents import at, later, quick, slow, story, waiting, write

TWO_DAYS = Target(2, Unit.WORKING_DAYS)
TARGETS = {"urgent": Target(4, Unit.WORKING_HOURS), "normal": TWO_DAYS}


def ground(incidents=(), *, targets=TARGETS, cuts=None):
    return retrace.Ground.of(incidents, Fit(State.CLOSED, WEEKDAYS, cuts or {}), targets)


def course(tmp_path, rows, **counted):
    return retrace.course(read(write(tmp_path, rows)).incidents[0], ground(), **counted)


def followed(tmp_path, rows, *others, **grounds):
    """The circumstances that turned a verdict, and to what."""
    incidents = read(write(tmp_path, rows, *others)).incidents
    verdicts = list(retrace.verdicts(incidents[0], ground(incidents, **grounds)))
    return [(reason, is_missed) for (_, before), (reason, is_missed) in pairwise(verdicts) if before != is_missed]


def test_it_is_due_by_its_target_and_settled_when_it_is_closed(tmp_path):
    found = course(tmp_path, slow("I1"))
    assert (found.due_at, found.settled_at, found.is_missed) == (at("9 09:00"), at("16 10:00"), True)


def test_while_it_waits_its_clock_stands_still(tmp_path):
    found = course(tmp_path, waiting("I1"))  # from the 7th, 10:00, to the 15th, 10:00
    assert (found.due_at, found.is_missed) == (at("17 09:00"), False)
    assert course(tmp_path, waiting("I1"), is_paused=False).due_at == at("9 09:00")


def overdue(number):
    return story(
        number,
        {"at": "10 10:00", "incident_state": "Awaiting User Info"},
        {"at": "14 10:00", "incident_state": "Active"},
        {"at": "14 10:30", "incident_state": "Closed", "made_sla": "false", "closed_at": "14/3/2016 10:30"},
    )


def test_what_was_overdue_has_an_hour_when_it_goes_on(tmp_path):
    assert course(tmp_path, overdue("I1")).due_at == at("14 11:00")
    assert course(tmp_path, overdue("I1"), at_least=0).due_at == at("14 10:00")
    assert followed(tmp_path, overdue("I1")) == [
        ("it went on after it had waited, and there is an hour for that at least", False)
    ]


def test_another_priority_counts_from_the_opening_and_keeps_what_it_waited(tmp_path):
    rows = story(
        "I1",
        {"at": "7 10:00", "incident_state": "Awaiting User Info"},
        {"at": "7 12:00", "incident_state": "Active"},
        {"at": "7 12:30", "priority": "1 - Critical"},
        {"at": "7 12:40", "priority": "3 - Moderate"},
        {"at": "7 12:50", "priority": "1 - Critical"},
    )
    assert course(tmp_path, rows).due_at == at("7 15:00")


def test_what_waits_when_its_priority_changes_waits_on(tmp_path):
    rows = story(
        "I1",
        {"at": "7 10:00", "incident_state": "Awaiting User Info"},
        {"at": "7 12:00", "priority": "1 - Critical"},
        {"at": "7 16:00", "incident_state": "Active"},
    )
    assert course(tmp_path, rows).due_at == at("7 19:00")


def test_when_it_is_settled_nothing_more_can_be_done_until_it_is_taken_up_again(tmp_path):
    moved = later(quick("I1"), incident_state="Closed", assignment_group="Group B")
    assert course(tmp_path, moved).refused == [Do.MOVE]
    again = course(tmp_path, later(quick("I1"), incident_state="Active", assignment_group="Group B"))
    assert (again.refused, again.settled_at, again.is_missed) == ([], None, None)


def test_the_wait_turns_a_verdict_to_kept(tmp_path):
    assert followed(tmp_path, waiting("I1")) == [
        ("it waited for the customer: our clock stood still meanwhile, the log's ran on", False)
    ]


def test_a_target_that_was_given_turns_a_verdict_that_of_the_log_s_own_does_not(tmp_path):
    cuts = {"normal": Cut(360, 1000, 2, 0)}
    assert followed(tmp_path, slow("I1"), cuts=cuts, targets={"normal": Target(9, Unit.WORKING_DAYS)}) == [
        ("the target that was given is another than the log's", False)
    ]


def test_no_one_target_fits_only_where_another_incident_bears_witness(tmp_path):
    unlucky, cuts = quick("I1", made_sla="false"), {"normal": Cut(360, 1000, 2, 0)}
    (alone,) = followed(tmp_path, unlucky, cuts=cuts)
    (beside,) = followed(tmp_path, unlucky, quick("I2"), cuts=cuts)
    assert alone == ("", False)
    assert beside == ("no one target fits its priority: as quick ones were judged otherwise", False)


def test_rows_that_say_another_end_than_the_column_turn_a_verdict(tmp_path):
    rows = slow("I1", closed_at="8/3/2016 10:00")
    rows[-1]["made_sla"] = "true"
    assert followed(tmp_path, rows) == [("its rows say another moment of its end than its column", True)]


def test_a_priority_that_changed_too_late_turns_a_verdict(tmp_path):
    rows = later(
        quick("I1"), incident_state="Closed", priority="1 - Critical", made_sla="false", closed_at="7/3/2016 15:00"
    )
    assert followed(tmp_path, rows) == [
        ("its priority changed when it was settled: it was judged by the one before", False)
    ]
