"""Groups of notices: what somebody can want at once, in their daily digest, or not by mail."""

from __future__ import annotations

from collections.abc import Collection, Mapping

REMINDERS, ESCALATIONS, ANSWERS, GIVEN, NEWS, ALARMS = (
    "reminders", "escalations", "answers", "given", "news", "alarms",
)  # fmt: skip
AT_ONCE: Collection[str] = (ESCALATIONS, ALARMS)  # neither held for a digest nor switched off
DIGEST, NEVER = "digest", "never"  # what a preference says of a group; otherwise it is told at once

_GROUPS: Mapping[str, Collection[str]] = {  # group → kinds of notices (crm.commitments.telling.wording)
    REMINDERS: ("reminder", "still_waiting", "resumed"),
    ESCALATIONS: ("escalation",),
    ANSWERS: (
        "assigned_new", "assigned_old", "unassigned", "stayed",
        "cover_asked", "cover_changed", "cover_ended", "cover_withdrawn", "cover_passed", "away_entered",
    ),
    GIVEN: (
        "reassigned", "passed_on", "passed_on_told", "returned", "left",
        "handover_offered", "handover_covered", "handover_given", "handover_accepted", "handover_declined",
        "handover_withdrawn",
    ),
    ALARMS: (
        "nobody", "set_aside", "no_summary", "undelivered", "perhaps_undelivered", "address_refused", "never_opens",
        "audit",
    ),
}  # fmt: skip
_group_of = {kind: group for group, kinds in _GROUPS.items() for kind in kinds}


def group_of(kind: str) -> str:
    """Return the group of a kind of notice; what belongs nowhere else is news."""
    return _group_of.get(kind, NEWS)
