"""Replaying a help desk's event log: a few invented incidents, and the first of a real one."""

import gzip
import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.models import Account
from contacts.models import Contact
from crm.commitments.models import Commitment, Kind, Unit
from crm.core import clock
from crm.desk.replay import compare, scratch
from crm.desk.replay.acts import Act, acts_of
from crm.desk.replay.acts import Kind as Do
from crm.desk.replay.fit import EVERY_DAY, WEEKDAYS, Cut, cut, fits
from crm.desk.replay.log import COLUMNS, NoLog, State, moment, read
from crm.desk.replay.report import Report, as_json, lines
from crm.desk.replay.run import Plan, play
from crm.desk.replay.terms import BadTarget, Target, terms_of
from crm.dossiers.models import Event
from crm.outbox.models import Message
from crm.poc.models import Assignment, PointOfContact
from interactions.models import Interaction
from tests.factories.accounts import AccountFactory

REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "tickets_incident"
FIRST = {
    "incident_state": "New", "reassignment_count": "0", "reopen_count": "0", "sys_mod_count": "0", "made_sla": "true",
    "caller_id": "Caller 1", "opened_at": "7/3/2016 09:00", "sys_updated_at": "7/3/2016 09:00", "contact_type": "Phone",
    "location": "Location 1", "priority": "3 - Moderate", "assignment_group": "Group A", "assigned_to": "?",
    "resolved_at": "?", "closed_at": "?",
}  # fmt: skip


def at(text):
    """A moment of March 2016, as `7 09:00`: the 7th is a Monday."""
    day, clock_time = text.split()
    hour, minute = clock_time.split(":")
    return datetime(2016, 3, int(day), int(hour), int(minute), tzinfo=UTC)


def story(number, *changes, **first):
    """The rows of one incident: the first row, and what each later one changes (`at`: its moment in March 2016)."""
    row = FIRST | {"number": number} | first
    rows = [row]
    for change in changes:
        text = change.pop("at")
        day, clock_time = text.split()
        row = row | {"sys_updated_at": f"{day}/3/2016 {clock_time}", "sys_mod_count": str(len(rows))} | change
        rows.append(row)
    return rows


def quick(number, **first):
    """Opened on Monday, answered, solved and closed the same day."""
    return story(
        number,
        {"at": "7 10:00", "incident_state": "Active", "assigned_to": "Resolver 1"},
        {"at": "7 11:00", "incident_state": "Resolved"},
        {"at": "7 15:00", "incident_state": "Closed", "resolved_at": "7/3/2016 11:00", "closed_at": "7/3/2016 15:00"},
        **first,
    )


def later(rows, **change):
    """One more row of an incident, on the Tuesday or after."""
    return [*rows, FIRST | {"number": rows[0]["number"], "sys_updated_at": "8/3/2016 09:00"} | change]


def slow(number, **first):
    """Passed on to another group on Tuesday, and closed in the week after: its target was missed."""
    return story(
        number,
        {"at": "8 10:00", "incident_state": "Active", "assignment_group": "Group B", "reassignment_count": "1"},
        {"at": "15 10:00", "incident_state": "Resolved"},
        {"at": "16 10:00", "incident_state": "Closed", "made_sla": "false", "closed_at": "16/3/2016 10:00"},
        **first,
    )


def waiting(number, **first):
    """It waits for the customer from Tuesday to the Monday after, and is closed on the Tuesday: missed in the log."""
    return story(
        number,
        {"at": "7 10:00", "incident_state": "Awaiting User Info"},
        {"at": "15 10:00", "incident_state": "Active"},
        {"at": "15 11:00", "incident_state": "Resolved"},
        {"at": "15 12:00", "incident_state": "Closed", "made_sla": "false", "closed_at": "15/3/2016 12:00"},
        **first,
    )


def write(folder, *stories, extra=(), name="log.csv"):
    rows = [row for rows in stories for row in rows]
    text = [",".join(COLUMNS), *(",".join(row[name] for name in COLUMNS) for row in rows), *extra]
    data = ("\r\n".join(text) + "\r\n").encode()
    (folder / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return folder


def replayed(folder, *, end=None, **targets):
    """The report of a log, played in the test's own database."""
    log = read(folder)
    tried = sorted(fits(log.incidents), key=lambda fit: fit.end != (end or fit.end))
    terms = terms_of(tried[0], **targets)
    found = play(Plan(log.incidents, tried[0].week, tried[0].end, terms), log.incidents)
    return Report(log, tried, tried[0].end, terms, found, connection.vendor, 1, 0.0)


def count(report, name):
    return next(c for c in report.counts if c.name == name)


# --- Reading ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["log.csv", "log.csv.gz"])
def test_a_log_is_read_by_incident_packed_or_not(tmp_path, name):
    log = read(write(tmp_path, quick("I1"), slow("I2"), name=name))
    assert [(i.number, len(i.changes)) for i in log.incidents] == [("I1", 4), ("I2", 4)]
    assert (log.rows, log.left_out, log.mended) == (8, {}, {})


def test_only_the_first_incidents_are_read_where_that_is_asked(tmp_path):
    log = read(write(tmp_path, quick("I1"), slow("I2"), quick("I3")), first=2)
    assert [i.number for i in log.incidents] == ["I1", "I2"]
    assert log.rows == 8


def test_what_is_not_known_is_empty(tmp_path):
    (incident,) = read(write(tmp_path, quick("I1", caller_id="?", location="?", contact_type="IVR"))).incidents
    assert (incident.caller, incident.location, incident.channel, incident.first.assignee) == ("", "", "phone", "")
    assert incident.ended_at(State.SOLVED) == at("7 11:00")


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ({"number": "?"}, "no number of an incident"),
        ({"opened_at": "?"}, "no moment at which it was opened"),
        ({"opened_at": "2016-03-07 09:00"}, "no moment at which it was opened"),
        ({"sys_updated_at": "31/2/2016 09:00"}, "no moment at which it was changed"),
    ],
)
def test_a_row_that_says_nothing_is_left_out_with_its_reason_and_stops_nothing(tmp_path, broken, reason):
    log = read(write(tmp_path, [FIRST | {"number": "I0"} | broken], quick("I1")))
    assert [i.number for i in log.incidents] == ["I1"]
    assert log.left_out == {reason: [2]}


def test_a_line_with_too_few_values_is_left_out(tmp_path):
    log = read(write(tmp_path, quick("I1"), extra=["I2,New", ",".join("x" * 30)]))
    assert log.left_out == {"the line has too few or too many values": [6, 7]}


def test_an_incident_without_a_usable_row_is_counted(tmp_path):
    log = read(write(tmp_path, quick("I1"), [FIRST | {"number": "I2", "sys_updated_at": "?"}]))
    assert log.lost == {"I2"}


def test_a_state_that_is_none_leaves_the_incident_in_the_one_before(tmp_path):
    rows = story("I1", {"at": "7 10:00", "incident_state": "Active"}, {"at": "7 11:00", "incident_state": "-100"})
    (incident,) = (log := read(write(tmp_path, rows))).incidents
    assert [c.state for c in incident.changes] == [State.NEW, State.WORKED, None]
    assert log.mended == {"a state that is none: it stays in the one before": [4]}


def test_what_can_be_mended_is_mended_and_said(tmp_path):
    rows = story(
        "I1",
        {"at": "7 08:00", "priority": "?"},
        {"at": "7 12:00", "priority": "1 - Critical", "reopen_count": "many"},
        {"at": "7 11:00"},
    )
    (incident,) = (log := read(write(tmp_path, rows))).incidents
    assert [c.at for c in incident.changes] == [at("7 09:00"), at("7 09:00"), at("7 12:00"), at("7 12:00")]
    assert [c.priority for c in incident.changes] == ["normal", "normal", "urgent", "urgent"]
    assert list(log.mended.values()) == [[3], [3], [4, 5], [5]]


def test_a_folder_without_a_log_or_a_log_without_a_column_is_refused(tmp_path):
    with pytest.raises(NoLog, match=r"There is no \.csv"):
        read(tmp_path)
    (tmp_path / "log.csv").write_text("number,location\n")
    with pytest.raises(NoLog, match="lacks the columns incident_state, reassignment_count"):
        read(tmp_path)


def test_a_moment_is_read_as_utc():
    assert moment("7/3/2016 09:05") == at("7 09:05")
    assert moment("?") is None


# --- What was done ---------------------------------------------------------------------------------------------------


def done(tmp_path, rows):
    return [(act.kind, act.at, act.value) for act in acts_of(read(write(tmp_path, rows)).incidents[0])][1:]


def test_an_incident_is_opened_first_whatever_its_first_row_says(tmp_path):
    (incident,) = read(write(tmp_path, quick("I1", sys_updated_at="7/3/2016 09:30"))).incidents
    assert acts_of(incident)[0] == Act(at("7 09:00"), Do.OPEN, "Group A")


def test_leaving_new_answers_it_and_a_name_takes_it_on(tmp_path):
    assert done(tmp_path, quick("I1")) == [
        (Do.TAKE, at("7 10:00"), "Resolver 1"),
        (Do.ANSWER, at("7 10:00"), ""),
        (Do.SOLVE, at("7 11:00"), ""),
        (Do.CLOSE, at("7 15:00"), ""),
    ]


def test_every_change_of_group_moves_it_and_nobody_s_is_one(tmp_path):
    rows = story(
        "I1", {"at": "7 10:00", "assignment_group": "Group B"}, {"at": "7 11:00", "assignment_group": "?"},
        {"at": "7 12:00", "assignment_group": "Group A"},
    )  # fmt: skip
    assert [value for kind, _at, value in done(tmp_path, rows) if kind == Do.MOVE] == ["Group B", "", "Group A"]


def test_it_waits_for_the_customer_and_goes_on_even_when_it_is_solved_at_once(tmp_path):
    rows = story(
        "I1", {"at": "7 10:00", "incident_state": "Awaiting User Info"}, {"at": "8 10:00", "incident_state": "Resolved"}
    )
    assert [kind for kind, *_ in done(tmp_path, rows)] == [Do.ANSWER, Do.WAIT, Do.RESUME, Do.SOLVE]


def test_waiting_for_a_supplier_is_our_own_matter(tmp_path):
    rows = story("I1", {"at": "7 10:00", "incident_state": "Awaiting Vendor"})
    assert [kind for kind, *_ in done(tmp_path, rows)] == [Do.ANSWER]


def test_what_is_solved_and_active_again_is_reopened_before_it_is_moved(tmp_path):
    rows = later(quick("I1"), incident_state="Active", assignment_group="Group B")
    assert [kind for kind, *_ in done(tmp_path, rows)][-2:] == [Do.REOPEN, Do.MOVE]


# --- The targets that a log implies ----------------------------------------------------------------------------------


def test_a_cut_lies_between_the_made_and_the_missed():
    assert cut([(10, False), (20, False), (40, True), (50, True)]) == Cut(20, 40, 4, 0)
    assert Cut(20, 40, 4, 0).minutes == 30


def test_a_cut_has_the_fewest_on_the_wrong_side():
    assert cut([(10, False), (15, True), (20, False), (22, False), (40, True)]) == Cut(22, 40, 5, 1)


def test_where_all_were_missed_the_target_lies_before_the_quickest():
    assert cut([(10, True), (20, True)]) == Cut(0, 10, 2, 0)


def test_where_none_was_missed_it_is_the_slowest():
    assert cut([(10, False), (20, False)]) == Cut(20, 20, 2, 0)


def test_the_hours_and_the_end_that_the_log_counts_by_are_found(tmp_path):
    over_the_week_end = {
        "opened_at": "11/3/2016 12:00", "sys_updated_at": "11/3/2016 12:00", "closed_at": "14/3/2016 12:00",
    }  # fmt: skip
    in_the_week = {"closed_at": "9/3/2016 10:00", "made_sla": "false"}  # opened on Monday: less time, but more work
    rows = [[FIRST | {"number": "I1", "incident_state": "Closed"} | over_the_week_end]]
    rows += [[FIRST | {"number": "I2", "incident_state": "Closed"} | in_the_week]]
    best = fits(read(write(tmp_path, *rows)).incidents)[0]
    assert (best.end, best.week, best.agreement) == (State.CLOSED, WEEKDAYS, 1.0)
    every_day = next(f for f in fits(read(tmp_path).incidents) if (f.end, f.week) == (State.CLOSED, EVERY_DAY))
    assert every_day.n_wrong == 1


def test_a_target_that_is_given_takes_the_place_of_the_one_found(tmp_path):
    fit = fits(read(write(tmp_path, quick("I1"))).incidents)[0]
    terms = terms_of(fit, answer=["urgent=15m"], solution=["normal=2wd"])
    assert terms.answer["urgent"] == Target(15, Unit.MINUTES)
    assert terms.solution["normal"] == Target(2, Unit.WORKING_DAYS)
    assert terms_of(fit).solution["normal"] == Target(360, Unit.WORKING_MINUTES, is_found=True)
    assert not terms_of(fit).solution["low"].is_found


@pytest.mark.parametrize("written", ["urgent", "urgent=4", "soon=4h", "urgent=0h", "urgent=4weeks"])
def test_a_target_that_is_none_is_refused(tmp_path, written):
    fit = fits(read(write(tmp_path, quick("I1"))).incidents)[0]
    with pytest.raises(BadTarget):
        terms_of(fit, answer=[written])


# --- Playing ---------------------------------------------------------------------------------------------------------


def test_locations_callers_groups_and_resolvers_become_accounts_contacts_teams_and_people(db, tmp_path):
    replayed(write(tmp_path, quick("I1"), slow("I2", caller_id="Caller 2", location="Location 2")))
    assert sorted(Account.objects.values_list("dossier__title", flat=True)) == ["Location 1", "Location 2"]
    assert Contact.objects.get(dossier__title="Caller 2").account.name == "Location 2"
    team = PointOfContact.objects.get(name="Group A")
    assert (team.lead.name, team.lead.home_team) == ("Resolver 1", team)
    assert set(Assignment.objects.values_list("dossier__title", "poc__name")) == {
        ("Location 1", "Group A"), ("Location 2", "Group A"),
    }  # fmt: skip


def test_an_incident_is_an_inbound_problem_answered_and_solved_at_its_own_minutes(db, tmp_path):
    replayed(write(tmp_path, quick("I1")))
    touches = Interaction.objects.order_by("occurred_at")
    assert [(t.direction, t.occurred_at, t.purpose.code) for t in touches] == [
        ("in", at("7 09:00"), "problem"), ("out", at("7 10:00"), "problem"), ("out", at("7 11:00"), "problem"),
    ]  # fmt: skip
    owed = {c.kind: (c.opened_at, c.closed_at, c.state) for c in Commitment.objects.all()}
    assert owed == {
        Kind.FIRST_ANSWER: (at("7 09:00"), at("7 10:00"), "kept"),
        Kind.RESOLUTION: (at("7 09:00"), at("7 15:00"), "kept"),
    }  # fmt: skip


def test_the_verdict_agrees_with_the_log_where_the_target_is_the_log_s(db, tmp_path):
    report = replayed(write(tmp_path, quick("I1"), slow("I2")))
    assert (report.verdicts.both_made, report.verdicts.both_missed, report.verdicts.agreement) == (1, 1, 1.0)
    assert [(k.priority, k.kept, k.missed, k.open) for k in report.solutions] == [("normal", 1, 1, 0)]
    assert [(k.priority, k.kept, k.missed, k.open) for k in report.answers] == [("normal", 1, 1, 0)]


def test_reassignments_are_followed_by_passing_on_and_the_customer_s_team_keeps_the_record(db, tmp_path):
    report = replayed(write(tmp_path, slow("I1"), quick("I2")))
    reassigned = count(report, "reassignments")
    assert (reassigned.log, reassigned.ours, reassigned.reasons) == (1, 1, {})
    moved = Event.objects.get(kind=Event.Kind.PASSED_ON)
    assert moved.happened_at == at("8 10:00")
    assert Commitment.objects.get(kind=Kind.RESOLUTION, title__startswith="I1").poc.name == "Group B"


def test_it_comes_back_to_whoever_answers_when_no_group_is_named(db, tmp_path):
    rows = story("I1", {"at": "7 10:00", "assignment_group": "Group B", "reassignment_count": "1"},
                 {"at": "7 11:00", "assignment_group": "?", "reassignment_count": "2"})  # fmt: skip
    report = replayed(write(tmp_path, rows))
    assert count(report, "reassignments").ours == 2
    assert Commitment.objects.get(kind=Kind.RESOLUTION).poc is None


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


def test_another_priority_brings_its_own_target(db, tmp_path):
    rows = story("I1", {"at": "7 10:00", "priority": "1 - Critical"})
    replayed(write(tmp_path, rows), solution=["urgent=4h"])
    assert Commitment.objects.get(kind=Kind.RESOLUTION).due_at == at("7 13:00")


def test_nobody_acts_and_the_lead_is_told_then_the_front_desk(db, tmp_path):
    forgotten = story("I1", {"at": "31 10:00", "incident_state": "Closed", "assigned_to": "?"})
    rows = [*quick("I2"), *forgotten]  # somebody leads the group
    steps = replayed(write(tmp_path, rows), solution=["normal=8wh"]).steps
    of_solutions = [(s.rung.kind, s.rung.asked, s.told) for s in steps if s.rung.owed == Kind.RESOLUTION]
    assert of_solutions[1:] == [
        ("reminder", "poc", {"poc": 1}), ("escalation", "backup", {"lead": 1}), ("escalation", "lead", {"house": 1}),
    ]  # fmt: skip


def test_what_is_solved_and_taken_up_again_is_owed_again(db, tmp_path):
    again = later(quick("I1"), incident_state="Active", reopen_count="1")
    reopened = count(replayed(write(tmp_path, again)), "reopenings")
    assert (reopened.log, reopened.ours) == (1, 1)
    assert Commitment.objects.get(kind=Kind.RESOLUTION).closed_at is None


def test_settled_when_solved_is_a_choice(db, tmp_path):
    replayed(write(tmp_path, quick("I1")), end=State.SOLVED)
    assert Commitment.objects.get(kind=Kind.RESOLUTION).closed_at == at("7 11:00")


def test_what_the_product_refuses_is_counted_and_stops_nothing(db, tmp_path):
    late = later(quick("I1"), incident_state="Closed", assignment_group="Group B", reassignment_count="1")
    report = replayed(write(tmp_path, late, quick("I2")))
    assert report.outcome.refused == {("reassigned", "closed_already"): 1}
    assert count(report, "reassignments").reasons == {"nothing was owed for it any more: it was settled": 1}


def test_outcomes_of_parts_add_up():
    first = compare.Outcome(missed={"I1": True}, recipients={"Group A"})
    first.kept["resolution", "normal", "missed"] = 1
    second = compare.Outcome(missed={"I2": False}, recipients={"Group A", "Group B"})
    second.kept["resolution", "normal", "kept"] = 2
    both = first + second
    assert both.missed == {"I1": True, "I2": False}
    assert compare.kept_in_time("resolution", both) == [compare.Kept("normal", 2, 1, 0)]
    assert both.recipients == {"Group A", "Group B"}


def test_no_mail_leaves_the_house(db, tmp_path):
    replayed(write(tmp_path, slow("I1")))
    assert Message.objects.count() > 0
    assert not Message.objects.filter(state="ready").exists()


# --- The clock, and the database -------------------------------------------------------------------------------------


def test_the_clock_is_moved_in_an_empty_database_alone(db):
    AccountFactory()
    with pytest.raises(scratch.NotEmpty):
        scratch.Clock(at("7 09:00"))


def test_the_clock_stands_where_it_was_moved_and_never_goes_back(db):
    moved = scratch.Clock(at("7 09:00"))
    moved.move(at("8 09:00"))
    moved.move(at("7 10:00"))
    assert clock.now() == at("8 09:00")


def test_a_log_without_a_usable_row_is_refused(tmp_path, db):
    with pytest.raises(CommandError, match="No row of the log can be used"):
        call_command("replay", write(tmp_path, [FIRST | {"number": "?"}]))


@pytest.mark.sqlite
def test_the_command_replays_in_databases_of_its_own_and_leaves_this_one_alone(db, tmp_path):
    AccountFactory(name="Ours")
    out, path = StringIO(), tmp_path / "report.json"
    call_command("replay", write(tmp_path, quick("I1"), slow("I2")), json=path, processes=2, stdout=out)
    assert "made in the log" in out.getvalue()
    assert "Agreed: 100.00% of 2" in out.getvalue()
    told = json.loads(path.read_text())
    assert (told["incidents"], told["made_sla"]["both_missed"], told["explained"]) == (2, 1, True)
    assert [a.name for a in Account.objects.all()] == ["Ours"]
    assert Commitment.objects.count() == 0


@pytest.mark.sqlite
def test_postgres_is_asked_for_only_where_there_is_one(db, tmp_path):
    with pytest.raises(CommandError, match="names no PostgreSQL server"):
        call_command("replay", write(tmp_path, quick("I1")), database="postgresql")


@pytest.mark.sqlite  # the same on PostgreSQL, and it takes a while
@pytest.mark.skipif(not REAL.is_dir(), reason="the folder shared/data/tickets_incident is missing")
def test_the_first_of_a_real_log_agree_with_its_own_columns_or_say_why(db):
    log = read(REAL, first=100)
    tried = fits(log.incidents)
    terms = terms_of(tried[0])
    plan = Plan(log.incidents, tried[0].week, tried[0].end, terms, every=timedelta(days=1))
    found = play(plan, log.incidents)
    report = Report(log, tried, tried[0].end, terms, found, connection.vendor, 1, 0.0)
    assert (tried[0].end, tried[0].week) == (State.CLOSED, WEEKDAYS)
    assert count(report, "incidents").ours == 100
    assert count(report, "reopenings").log == count(report, "reopenings").ours
    assert report.is_explained
    assert report.outcome.refused == {}
    assert report.outcome.counts["set_aside"] == 0
    assert as_json(report)["explained"]
    assert "\n".join(lines(report))
