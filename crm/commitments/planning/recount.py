"""Counting anew: what is owed follows a new version of its calendar, and of its policy where that is meant for it.

A new version writes no row. The rows that hang on an earlier one are found by an index and taken
in batches, after each sweep that had time left. What comes out the same keeps its generation, so
that nobody is told twice; what does not begins its steps anew, and past reminders stay unsaid.
What cannot be counted anew holds nobody up: it goes on as it was counted before, the administrators are told, and
it is tried again a day later.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import monotonic

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import OuterRef, Subquery

from crm.commitments import ladder
from crm.commitments.acting import acted, begin_anew
from crm.commitments.models import Commitment, CommitmentQuerySet, Finding, PolicyVersion
from crm.commitments.opening import local_parts, target_due
from crm.commitments.policy import policies
from crm.commitments.telling import notices
from crm.core import clock
from crm.core.actor import Actor, Source
from crm.core.working_time import WorkingTime
from crm.dossiers.actions import Happening, record_many
from crm.dossiers.models import Event
from crm.outbox import bulk
from crm.poc.calendars import by_id, origin, working_times
from crm.poc.models import WorkingCalendar
from crm.poc.resolve import Question, resolve_many

log = logging.getLogger(__name__)

FINDING = "not_recounted"  # a check in crm.commitments.auditing.standing
BATCH = 500
BUDGET = 5  # seconds at the end of a sweep
COLUMNS = (
    "policy_version_id", "calendar_id", "calendar_version", "due_at", "due_on", "due_time", "anchor_at", "acted_at",
    "generation", "cursor", "repeat_no", "handed_off_at", "used_up_at", "escalated_to_id", "escalated_at",
    "next_action_at", "plan_errors", "quarantined_at",
)  # fmt: skip
# Asked in every sweep: the first row of each calendar and of each version. The order, and the version's range, keep
# PostgreSQL from reading all that is owed in the hope of meeting one at once.
IS_ANYTHING_BEHIND = """
    SELECT 1 FROM poc_workingcalendar calendar WHERE (
        SELECT calendar_version FROM commitments_commitment
        WHERE closed_at IS NULL AND calendar_id = calendar.id ORDER BY calendar_version LIMIT 1
    ) < calendar.version
    UNION ALL
    SELECT 1 FROM commitments_policyversion newer JOIN commitments_policyversion older
        ON older.policy_id = newer.policy_id AND older.number < newer.number
    WHERE newer.is_for_open AND (
        SELECT policy_version_id FROM commitments_commitment
        WHERE closed_at IS NULL AND policy_version_id >= older.id AND policy_version_id < older.id + 1
        ORDER BY policy_version_id LIMIT 1
    ) IS NOT NULL
    LIMIT 1
"""
CALENDAR, POLICY = "calendar", "policy"  # because of which it was counted anew
State = Commitment.State


def recount() -> int:
    """Count anew what hangs on an earlier version, as far as the time goes; return how many rows that were."""
    until, done = monotonic() + BUDGET, 0
    while monotonic() < until and _is_anything_behind():
        n = _recount_some()
        if n == 0:
            break
        done += n
    return done


def _is_anything_behind() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(IS_ANYTHING_BEHIND)
        return cursor.fetchone() is not None


def _recount_some() -> int:
    """Take one batch of those whose policy has a newer version for them, else of those whose calendar has one."""
    newer = _newer_versions()
    left = Commitment.objects.exclude(pk__in=_aside())
    for old in newer:
        rows = left.filter(policy_version__gte=old, policy_version__lt=old + 1)  # see above
        if n := _take(rows.order_by("policy_version"), newer):
            return n
    for pk, version in WorkingCalendar.objects.order_by("pk").values_list("pk", "version"):
        rows = left.filter(calendar=pk, calendar_version__lt=version)
        if n := _take(rows.order_by("calendar_version"), {}):
            return n
    return 0


def _aside() -> list[int]:
    """Return what could not be counted anew lately. One query."""
    subjects = Finding.objects.standing().filter(code=FINDING).values_list("subject", flat=True)
    return [int(subject.removeprefix("c:")) for subject in subjects]


def _newer_versions() -> dict[int, int]:
    """Return the versions whose promises come under a later one too, and that one. One query."""
    newest = PolicyVersion.objects.filter(policy=OuterRef("policy"), number__gt=OuterRef("number"), is_for_open=True)
    found = PolicyVersion.objects.annotate(newer=Subquery(newest.order_by("-number").values("pk")[:1]))
    return dict(found.filter(newer__isnull=False).values_list("pk", "newer"))


def _take(rows: CommitmentQuerySet, newer: Mapping[int, int]) -> int:
    """Count a batch of these anew in one transaction. Whatever somebody else holds locked is the next sweep's.

    Where that fails, each half is tried alone. A database that fails is not a row's fault.
    """
    locked: list[Commitment] = []
    try:
        with transaction.atomic():
            free = rows.open().select_related("dossier").select_for_update(no_key=True, skip_locked=True, of=("self",))
            locked = sorted(free[:BATCH], key=lambda c: c.pk)
            if locked:
                _count_anew(locked, newer, clock.now())
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        if not locked:
            raise
        _take_apart(rows, newer, [c.pk for c in locked], error)
    return len(locked)


def _take_apart(rows: CommitmentQuerySet, newer: Mapping[int, int], ids: Sequence[int], error: Exception) -> None:
    if len(ids) > 1:
        middle = len(ids) // 2
        _take(rows.filter(pk__one_of=ids[:middle]), newer)
        _take(rows.filter(pk__one_of=ids[middle:]), newer)
    else:
        _set_aside(ids[0], error)


def _set_aside(pk: int, error: Exception) -> None:
    """Leave a row as it was counted, its reminders too, until the auditor, who tells of it, ends the finding."""
    log.error("Cannot count commitment %s anew", pk, exc_info=error)
    Finding.objects.note(FINDING, f"c:{pk}", error, clock.now())


@dataclass(frozen=True, slots=True)
class Ground:
    """What a batch is counted with."""

    at: datetime
    versions: Mapping[int, PolicyVersion]
    ladders: Mapping[int, ladder.Ladder]
    newer: Mapping[int, int]
    hours: Mapping[int, WorkingTime]  # by the row's key

    def is_another_plan(self, c: Commitment) -> bool:
        newer = self.newer.get(c.policy_version_id)
        return newer is not None and self.ladders[newer] != self.ladders[c.policy_version_id]


def _count_anew(rows: Sequence[Commitment], newer: Mapping[int, int], at: datetime) -> None:
    ground = _ground(rows, newer, at)
    was = {c.pk: c.due_at for c in rows}
    anew = [c for c in rows if _counted(c, ground)]
    notices.supersede_all(anew, CALENDAR if not newer else POLICY)
    bulk.update(Commitment, COLUMNS, [(c.pk, *(getattr(c, name) for name in COLUMNS)) for c in rows])
    moved = [c for c in anew if c.due_at != was[c.pk]]
    because = POLICY if newer else CALENDAR
    record_many([_happening(c, was[c.pk], because, at) for c in moved], by=Actor.system(Source.TASK), at=at)


def _ground(rows: Sequence[Commitment], newer: Mapping[int, int], at: datetime) -> Ground:
    ids = {c.policy_version_id for c in rows} | set(newer.values())
    versions = PolicyVersion.objects.in_bulk(ids)
    return Ground(at, versions, policies.ladders(ids), newer, _hours(rows, newer, versions, at))


def _hours(
    rows: Sequence[Commitment], newer: Mapping[int, int], versions: Mapping[int, PolicyVersion], at: datetime
) -> dict[int, WorkingTime]:
    """Return the working time of each row: its policy's, else the one it was counted in, else that of who answers."""
    named: dict[int, int] = {}
    for c in rows:
        before, after = versions[c.policy_version_id], versions[newer.get(c.policy_version_id, c.policy_version_id)]
        calendar_id = after.calendar_id or (c.calendar_id if before.calendar_id is None else None)
        if calendar_id is not None:
            named[c.pk] = calendar_id
    known = by_id(named.values())
    questions = {c.pk: Question(c.dossier_id, c.topic_id, c.poc_id) for c in rows if c.pk not in named}
    answers = resolve_many(questions.values(), at=at)
    pocs = {pk: answers[question].poc_id for pk, question in questions.items()}
    times = working_times(pocs.values()) if pocs else {}
    return {pk: known[each].working for pk, each in named.items()} | {pk: times[poc] for pk, poc in pocs.items()}


def _counted(c: Commitment, ground: Ground) -> bool:
    """Count one row anew; return whether its steps begin anew."""
    working, is_other = ground.hours[c.pk], ground.is_another_plan(c)
    version = ground.versions[ground.newer.get(c.policy_version_id, c.policy_version_id)]
    if version.pk != c.policy_version_id:
        c.plan_errors, c.quarantined_at = 0, None  # what could not be planned may be mended by it
    c.policy_version_id = version.pk
    c.calendar_id, c.calendar_version = origin(working)
    if c.state == State.WAITING:  # its clock stands still, and its steps have not begun
        return False
    c.next_action_at = ground.at
    due_at = c.due_at
    if c.counted_from is not None and version.target_amount is not None:
        due_at = target_due(version, c.counted_from, working, paused_seconds=c.paused_seconds)
    if due_at == c.due_at and not is_other:
        return False
    _begin_anew(c, due_at, ground.at)
    return True


def _begin_anew(c: Commitment, due_at: datetime, at: datetime) -> None:
    """Let the steps count from another due moment, or by another plan; an acknowledgement or a snooze goes on."""
    state, hold_until, acted_at = c.state, c.hold_until, c.acted_at
    for name, value in local_parts(due_at, c.zone).items():
        setattr(c, name, value)
    acted(c, state, at)
    begin_anew(c, max(due_at, hold_until) if state == State.SNOOZED and hold_until else due_at)
    c.hold_until = hold_until
    if state == State.ACKNOWLEDGED:
        c.acted_at = acted_at  # its time-out runs from there


def _happening(c: Commitment, was: datetime, because: str, at: datetime) -> Happening:
    facts = {
        "commitment": c.pk, "kind": c.kind, "due_at": c.due_at.isoformat(), "was": was.isoformat(), "because": because,
    }  # fmt: skip
    return Happening(Event.Kind.REDUE, [c.dossier], at, facts, {"title": c.title})
