"""What the rows of an incident say was done about it."""

from crm.desk.replay.acts import Act, acts_of
from crm.desk.replay.acts import Kind as Do
from crm.desk.replay.log import read
from tests.desk.replay.incidents import at, later, quick, story, write


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
