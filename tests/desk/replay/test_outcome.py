"""What came of a replay, and of its parts."""

from crm.desk.replay import compare


def test_outcomes_of_parts_add_up():
    first = compare.Outcome(missed={"I1": True}, recipients={"Group A"})
    first.kept["resolution", "normal", "missed"] = 1
    second = compare.Outcome(missed={"I2": False}, recipients={"Group A", "Group B"})
    second.kept["resolution", "normal", "kept"] = 2
    both = first + second
    assert both.missed == {"I1": True, "I2": False}
    assert compare.kept_in_time("resolution", both) == [compare.Kept("normal", 2, 1, 0)]
    assert both.recipients == {"Group A", "Group B"}
