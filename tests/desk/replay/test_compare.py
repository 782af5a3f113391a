"""What came of a replay beside what the log says of itself, and why, where they differ."""

from collections import Counter
from dataclasses import replace

import pytest

from crm.desk.replay.acts import Kind as Do
from crm.desk.replay.outcome import Outcome
from crm.desk.replay.report import as_json, lines
from tests.desk.replay.incidents import count, later, quick, replayed, reported, slow, story, waiting, write

WAITED = "it waited for the customer: our clock stood still meanwhile, the log's ran on"
RIGHT = Outcome(  # what has to come of `invented`
    missed={"I1": False, "I2": True, "I3": False},
    moved=Counter(I2=1),
    refusals=Counter({("I5", Do.MOVE, "closed_already"): 1}),
    reopened=Counter(I4=1),
    counts=Counter(incidents=5),
)


@pytest.fixture
def invented(tmp_path):
    """A made one, a missed one that was moved, one that waited, one never settled, one moved when it was settled."""
    reopened = later(quick("I4"), incident_state="Active", reopen_count="1", made_sla="false")
    moved = later(quick("I5"), incident_state="Closed", assignment_group="Group B", reassignment_count="1")
    return write(tmp_path, quick("I1"), slow("I2"), waiting("I3"), reopened, moved)


def told(folder, **otherwise):
    """The report of what has to come of it, but for what is said here."""
    right = replace(RIGHT, missed=RIGHT.missed | {"I5": False})
    return reported(folder, replace(right, **otherwise), solution=["normal=2wd"])


def test_the_verdict_agrees_with_the_log_where_the_target_is_the_log_s(db, tmp_path):
    report = replayed(write(tmp_path, quick("I1"), slow("I2")))
    assert (report.verdicts.both_made, report.verdicts.both_missed, report.verdicts.agreement) == (1, 1, 1.0)
    assert [(k.priority, k.kept, k.missed, k.open) for k in report.solutions] == [("normal", 1, 1, 0)]
    assert [(k.priority, k.kept, k.missed, k.open) for k in report.answers] == [("normal", 1, 1, 0)]


def test_a_reassignment_that_the_rows_do_not_show_is_explained(db, tmp_path):
    rows = story("I1", {"at": "7 10:00", "reassignment_count": "2"})
    reassigned = count(replayed(write(tmp_path, rows)), "reassignments")
    assert (reassigned.log, reassigned.ours, sum(reassigned.reasons.values()), reassigned.unexplained) == (2, 0, 2, 0)


def test_a_clock_that_stood_still_for_the_customer_explains_a_verdict(db, tmp_path):
    report = replayed(write(tmp_path, quick("I1"), slow("I2"), waiting("I3")), solution=["normal=2wd"])
    assert report.outcome.missed == {"I1": False, "I2": True, "I3": False}
    assert report.verdicts.reasons == {
        "it waited for the customer: our clock stood still meanwhile, the log's ran on": 1
    }
    assert report.outcome.counts["waited"] == report.outcome.counts["resumed"] == 1
    assert report.is_explained


def test_a_target_that_fits_no_better_explains_a_verdict(db, tmp_path):
    unlucky = quick("I3", made_sla="false")  # as quick as those that made it
    report = replayed(write(tmp_path, quick("I1"), quick("I2"), unlucky, slow("I4")))
    assert report.verdicts.reasons == {"no one target fits its priority: as quick ones were judged otherwise": 1}
    assert count(report, "missed targets").reasons == {"missed in the log alone (reasons below)": 1}
    assert report.is_explained


def test_what_the_product_refuses_is_counted_and_stops_nothing(db, tmp_path):
    late = later(quick("I1"), incident_state="Closed", assignment_group="Group B", reassignment_count="1")
    report = replayed(write(tmp_path, late, quick("I2")))
    assert report.outcome.refused == {("reassigned", "closed_already"): 1}
    assert count(report, "reassignments").reasons == {"nothing was owed for it any more: it was settled": 1}


# --- Nothing but what the rows bear witness to is a reason ------------------------------------------------------------


def test_what_came_as_it_had_to_is_explained(invented):
    report = told(invented)
    assert report.verdicts.reasons == {WAITED: 1}
    assert count(report, "missed targets").reasons == {
        "missed in the log alone (reasons below)": 1, "never settled in the log: still owed here": 1,
    }  # fmt: skip
    assert count(report, "reassignments").reasons == {"nothing was owed for it any more: it was settled": 1}
    assert report.is_explained
    assert "Every difference from the log's own columns has its reason in the incident's own rows." in lines(report)


def test_where_no_verdict_came_of_it_nothing_is_explained(invented):
    report = told(invented, missed={})
    assert report.verdicts.unexplained == ["I1", "I2", "I3", "I5"]
    assert count(report, "missed targets").unexplained == 4
    assert not report.is_explained


@pytest.mark.parametrize("number", ["I1", "I2", "I3", "I5"])
def test_a_verdict_that_does_not_follow_from_its_rows_has_no_reason(invented, number):
    missed = RIGHT.missed | {"I5": False}
    report = told(invented, missed=missed | {number: not missed[number]})
    assert report.verdicts.unexplained == [number]  # even I3, where the log says the same
    assert not report.is_explained


def test_what_the_log_never_settles_cannot_be_judged(invented):
    report = told(invented, missed=RIGHT.missed | {"I4": True, "I5": False})
    assert report.verdicts.unexplained == ["I4"]


def test_a_clock_that_stood_still_never_explains_a_target_missed_here_alone(tmp_path):
    made = waiting("I1")
    made[-1]["made_sla"] = "true"
    report = reported(write(tmp_path, made, slow("I2")), Outcome(missed={"I1": True, "I2": True}))
    assert (report.verdicts.only_we_missed, report.verdicts.unexplained) == (1, ["I1"])
    assert not report.is_explained


def test_moves_refused_for_another_reason_than_that_it_was_settled_have_none(invented):
    refusals = Counter({("I2", Do.MOVE, "answers_no_more"): 1, ("I5", Do.MOVE, "answers_no_more"): 1})
    report = told(invented, moved=Counter(), refusals=refusals)
    assert count(report, "reassignments").odd == ["I2", "I5"]
    assert not report.is_explained


def test_a_move_refused_as_settled_while_it_was_owed_has_no_reason(invented):
    refusals = RIGHT.refusals + Counter({("I2", Do.MOVE, "closed_already"): 1})
    assert count(told(invented, moved=Counter(), refusals=refusals), "reassignments").odd == ["I2"]


def test_two_that_are_wrong_by_as_much_do_not_make_up_for_each_other(invented):
    report = told(invented, moved=Counter(I1=1), reopened=Counter(I1=1))
    moved, reopened = count(report, "reassignments"), count(report, "reopenings")
    assert (moved.log - moved.ours - sum(moved.reasons.values()), moved.odd) == (0, ["I1", "I2"])
    assert (reopened.log - reopened.ours, reopened.odd) == (0, ["I1", "I4"])


def test_what_has_no_reason_is_said_and_named(invented):
    report = told(invented, missed={}, moved=Counter())
    said = list(lines(report))
    assert any(line.startswith("NOT EXPLAINED") for line in said)
    assert "  in time or not: 4 (I1, I2, I3, I5)" in said
    assert "  reassignments: 1 (I2)" in said
    assert not as_json(report)["explained"]
