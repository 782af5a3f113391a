"""Reading the event log of a help desk."""

import pytest

from crm.desk.replay.log import NoLog, State, moment, read
from tests.desk.replay.incidents import FIRST, at, quick, slow, story, write


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
