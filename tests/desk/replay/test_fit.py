"""The targets that a log implies."""

from crm.desk.replay.fit import EVERY_DAY, WEEKDAYS, Cut, cut, fits
from crm.desk.replay.log import State, read
from tests.desk.replay.incidents import FIRST, write


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
