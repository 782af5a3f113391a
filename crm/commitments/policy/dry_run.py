"""A dry run over the last month: which steps of a policy would have fired, when, to whom, beside what really did.

Nothing is written. What was done to a promise is done again as its events tell it, and who answered is asked for
the moment of each step. What events do not tell is taken as it is today: hours, members of teams, what belongs to
what. Notices count as handed off at once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from django.db.models import Q

from crm.commitments import ladder
from crm.commitments.models import Commitment, Kind, Notification, Policy, PolicyVersion
from crm.commitments.opening import target_due
from crm.commitments.policy import policies
from crm.commitments.policy.histories import History, Tiers, histories
from crm.commitments.policy.policy_checks import Terms
from crm.commitments.policy.rehearsing import Fired, Replayed, ladder_of, replay
from crm.commitments.policy.who_then import Then
from crm.core.working_time import WorkingTime
from crm.dossiers.models import Channel, Purpose
from crm.outbox.models import Message
from crm.poc.calendars import Known, by_id

if TYPE_CHECKING:
    from crm.users.models import User

MONTH = timedelta(days=31)
MOST = 200  # promises gone through, the newest
MOST_ASKED = 1000  # of the kind, among which those that match are looked for
MOST_ROUNDS = 40  # in which it is asked who answered, until that is known for every step: two or three, mostly


@dataclass(frozen=True, slots=True)
class Told:
    """Somebody told by a step: when, whom, by an escalation or a reminder. `name` empty: nobody was there."""

    at: datetime
    name: str
    is_escalation: bool
    reached: str


@dataclass(frozen=True, slots=True)
class Row:
    """One promise: when it would have been due, who would have been told, and who was."""

    commitment: Commitment
    due_at: datetime
    would: Sequence[Told]
    really: Sequence[Told]

    def is_late(self, due_at: datetime, at: datetime) -> bool:
        return (self.commitment.closed_at or at) > due_at


@dataclass(frozen=True, slots=True)
class DryRun:
    """What came of it. `is_cut`: there were more than are shown, the newest are.

    `n_unsure` are judged by their tier of today: the one of the day has another name now.
    """

    rows: Sequence[Row]
    is_cut: bool
    n_unsure: int
    since: datetime
    at: datetime

    @property
    def is_touch(self) -> bool:
        """True of what is told from the last touch on."""
        return any(row.commitment.kind == Kind.TOUCH for row in self.rows)

    @property
    def n_would(self) -> int:
        return sum(bool(told.name) for row in self.rows for told in row.would)

    @property
    def n_would_escalate(self) -> int:
        return sum(told.is_escalation and bool(told.name) for row in self.rows for told in row.would)

    @property
    def n_really(self) -> int:
        return sum(bool(told.name) for row in self.rows for told in row.really)

    @property
    def n_really_escalated(self) -> int:
        return sum(told.is_escalation and bool(told.name) for row in self.rows for told in row.really)

    @property
    def n_would_be_late(self) -> int:
        return sum(row.is_late(row.due_at, self.at) for row in self.rows)

    @property
    def n_late(self) -> int:
        return sum(row.is_late(row.commitment.due_at, self.at) for row in self.rows)


def dry_run(policy: Policy, terms: Terms, *, user: User, at: datetime) -> DryRun:
    """Return what `terms` would have done to what `policy` would have matched in the last month, as `user` may see it.

    A constant number of queries, some twenty; two for each time that somebody else answered than was thought.
    """
    matching = _matching(policy, user, at)
    known, replayed = _replayed(matching.found, terms, at)
    really = _really([history.commitment for history in matching.found])
    rows = []
    for history, run in zip(matching.found, replayed, strict=True):
        c = history.commitment
        rows.append(Row(c, run.due_at, _named(run.fired, known), really.get(c.pk, ())))
    return DryRun(rows, matching.is_cut, matching.n_unsure, at - MONTH, at)


# --- What matches ----------------------------------------------------------------------------------------------------


class Matching(NamedTuple):
    """The newest promises of the month that would come under the policy, whether there were more, and how many are
    judged by the tier of today because that of the day is not known."""

    found: Sequence[History]
    is_cut: bool
    n_unsure: int


def _matching(policy: Policy, user: User, at: datetime) -> Matching:
    since = at - MONTH
    rows = Commitment.objects.visible_to(user).filter(kind=policy.kind, opened_at__gt=since, opened_at__lte=at)
    if policy.priority:
        rows = rows.filter(priority=policy.priority)
    if policy.topic_id:
        rows = rows.filter(topic=policy.topic_id)
    rows = rows.select_related("dossier", "topic", "poc", "policy_version")
    asked = histories(list(rows.order_by("-pk")[:MOST_ASKED]), since=since)
    book = policies.book([policy.kind])
    tiers = Tiers({pk for h in asked for pk in (h.place.dossier_id, h.home_id) if pk}, since) if asked else None
    matching = [h for h, case in zip(asked, _cases(asked, tiers), strict=True) if _comes_under(book, case, policy)]
    unsure = tiers.unsure if tiers and book.asks_for_tiers else set()
    found = matching[:MOST]
    n_unsure = sum(not unsure.isdisjoint((h.place.dossier_id, h.home_id)) for h in found)
    return Matching(found, len(matching) > MOST or len(asked) == MOST_ASKED, n_unsure)


def _comes_under(book: policies.Book, case: policies.Case, policy: Policy) -> bool:
    return book.version_for(case).policy_id == policy.pk


def _cases(asked: Sequence[History], tiers: Tiers | None) -> list[policies.Case]:
    """What each is matched by: its own values, the tier of its day, purpose and channel as recorded when it began."""
    if tiers is None:
        return []
    purposes, channels = (dict(model.objects.values_list("code", "pk")) for model in (Purpose, Channel))
    return [
        policies.Case(
            h.commitment.kind, h.commitment.priority, purposes.get(h.purpose), _tier(h, tiers), h.place.topic_id,
            channels.get(h.channel),
        )
        for h in asked
    ]  # fmt: skip


def _tier(history: History, tiers: Tiers) -> int | None:
    """Return the tier that counted when it was promised: its record's, else that of the record's home."""
    opened_at = history.commitment.opened_at
    own = tiers.at(history.place.dossier_id or history.home_id, opened_at)
    return own or tiers.at(history.home_id, opened_at)


# --- What would have been --------------------------------------------------------------------------------------------


def _replayed(found: Sequence[History], terms: Terms, at: datetime) -> tuple[Then, list[Replayed]]:
    """Replay each, again and again until it is known who answered at every moment that matters."""
    rungs = ladder_of(terms)
    known = Then(rungs, at - MONTH, at)
    known.learn(question for history in found for question in history.moments)
    calendars = by_id(h.commitment.calendar_id for h in found if h.commitment.calendar_id is not None)
    runs: list[Replayed] = []
    for _round in range(MOST_ROUNDS):
        runs = [_run(history, terms, rungs, known, calendars, at) for history in found]
        if not known.missing:
            break
        known.learn(frozenset(known.missing))
    return known, runs


def _run(
    history: History, terms: Terms, rungs: ladder.Ladder, known: Then, calendars: Mapping[int, Known], at: datetime
) -> Replayed:
    """Replay one. A recount because of a calendar counts where the due moment is the one that was recorded."""
    is_same = _is_same_target(history, terms)
    due_at = history.due_at if is_same else _due(history, terms, known, calendars)
    acts = [act for act in history.acts if is_same or not act.is_recount]
    return replay(
        rungs, known, place=history.place, opened_at=history.begins_at, due_at=due_at, acts=acts, until=at
    )  # fmt: skip


def _is_same_target(history: History, terms: Terms) -> bool:
    """Say whether the terms ask for it to be due as it was: then what was recorded is what would have been."""
    version = history.commitment.policy_version
    asked = (terms.target_amount, terms.target_unit, terms.calendar.pk if terms.calendar else None)
    return not history.is_under_another and asked == (version.target_amount, version.target_unit, version.calendar_id)


def _due(history: History, terms: Terms, known: Then, calendars: Mapping[int, Known]) -> datetime:
    """Return when it would have been due: by the target where that decided, or would; else as it was promised."""
    c, place = history.commitment, history.place
    if terms.target_amount is None or not _was_counted(history, known, calendars):
        return history.due_at
    version = PolicyVersion(target_amount=terms.target_amount, target_unit=terms.target_unit)
    if terms.calendar is None and c.policy_version.calendar_id is None:
        working = _counted_in(history, known, calendars)
    else:
        working = known.working(place, c.opened_at)
    return target_due(version, c.opened_at, working)


def _was_counted(history: History, known: Then, calendars: Mapping[int, Known]) -> bool:
    """Say whether the target decided when it was due at first. Where an act has moved it since, that is worked out."""
    c = history.commitment
    if c.counted_from is not None or c.policy_version.target_amount is None:
        return c.counted_from is not None
    return target_due(c.policy_version, c.opened_at, _counted_in(history, known, calendars)) == history.due_at


def _counted_in(history: History, known: Then, calendars: Mapping[int, Known]) -> WorkingTime:
    """Return the hours it was counted in: those it hangs on, else those of whoever answered."""
    c = history.commitment
    hangs_on = calendars.get(c.calendar_id or 0)
    if hangs_on and (c.counted_from is not None or c.policy_version.calendar_id is not None):
        return hangs_on.working
    return known.hours(history.place, c.opened_at)


def _named(fired: Sequence[Fired], known: Then) -> list[Told]:
    """Return who would have been told, with their names; a step that reached nobody has none."""
    return [
        Told(f.at, known.name(f.recipient), f.step.kind == ladder.ESCALATION, f.reached)
        for f in fired
        if not f.reason or f.reason == ladder.NOBODY
    ]


# --- What was --------------------------------------------------------------------------------------------------------


def _really(found: Sequence[Commitment]) -> dict[int, list[Told]]:
    """Return who was really told about each by a step, or asked whether it still waits. One query."""
    told: dict[int, list[Told]] = defaultdict(list)
    rows = Notification.objects.filter(commitment__one_of=[c.pk for c in found])
    by_step = Q(step__isnull=False) | Q(kind=ladder.STILL_WAITING.kind)
    planned = Q(state=Notification.State.PLANNED, channel=Message.Channel.INBOX) & by_step
    nobody = Q(state=Notification.State.SKIPPED, reason=ladder.NOBODY)
    for pk, at, name, kind, slot in (
        rows.filter(planned | nobody)
        .order_by("created_at", "pk")
        .values_list("commitment_id", "created_at", "recipient__name", "kind", "slot")
    ):
        told[pk].append(Told(at, name or "", kind == ladder.ESCALATION, slot))
    return told
