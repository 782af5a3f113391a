"""Who answered at moments of the past, whom that told, and in which hours: read at once for many promises.

At which moments that matters turns out on the way. What is not known yet is guessed from the moment before it and
noted as missing: whoever asks learns it, and asks again until nothing is missing.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q

from crm.commitments import ladder
from crm.commitments.policy.rehearsing import Slots
from crm.core.query import ListOf
from crm.core.working_time import WorkingTime
from crm.poc.calendars import by_id, working_times
from crm.poc.decide import Answer
from crm.poc.models import Absence, Membership, PointOfContact
from crm.poc.recipients import whom
from crm.poc.resolve import Question, resolve_many


class Then:
    """The scene of a month for `rungs`; see `rehearsing.Scene`. Members, addresses and hours are those of today."""

    def __init__(self, rungs: ladder.Ladder, since: datetime, at: datetime) -> None:
        self.missing: set[Question] = set()
        self._period = since, at
        self._named = {step.slot: int(step.slot.partition(":")[2]) for step in rungs.steps if ":" in step.slot}
        self._calendar_id = rungs.calendar_id
        self._calendar = by_id([rungs.calendar_id])[rungs.calendar_id].working if rungs.calendar_id else None
        self._answers: dict[Question, Answer] = {}
        self._moments: dict[Question, list[datetime]] = defaultdict(list)  # by the question without its moment
        self._pocs: dict[int, Any] = {}
        self._members: dict[int, list[int]] = defaultdict(list)
        self._away: dict[int, list[tuple[datetime, datetime]]] = defaultdict(list)
        self._hours: dict[int, WorkingTime] = {}
        self._meet(self._named.values())

    # --- What it is asked ---

    def slots(self, place: Question, at: datetime) -> Slots:
        answer = self._answer(place, at)
        ids = (answer.poc_id, answer.backup_id, answer.lead_id, answer.leads_lead_id, answer.house_id)
        pocs: dict[str, int | None] = {**dict(zip(ladder.CLIMB, ids, strict=True)), **self._named}
        return {slot: self._told(pk, at) if pk is not None else () for slot, pk in pocs.items()}

    def working(self, place: Question, at: datetime) -> WorkingTime:
        return self._calendar or self.hours(place, at)

    def hours(self, place: Question, at: datetime) -> WorkingTime:
        """Return the working time of whoever answered, whatever calendar the steps count in."""
        return self._hours[self._answer(place, at).poc_id]

    def people(self, place: Question, at: datetime, *, but: int | None) -> tuple[Sequence[int], Sequence[int]]:
        everybody = self._told(self._answer(place, at).poc_id, at)
        return everybody, [pk for pk in everybody if but is None or self._pocs[pk].user_id != but]

    def name(self, poc_id: int | None) -> str:
        return self._pocs[poc_id].name if poc_id in self._pocs else ""

    # --- What it knows ---

    def learn(self, questions: Iterable[Question]) -> None:
        """Learn who answered, each at its moment. Two queries; up to four more for people it meets the first time."""
        new = set(questions) - self._answers.keys()
        if not new:
            return
        for question, answer in resolve_many(new, at=self._period[1]).items():
            self._answers[question] = answer
            insort(self._moments[question._replace(at=None)], question.at or self._period[1])
        answers = self._answers.values()
        in_reach = {pk for a in answers for pk in (a.poc_id, a.backup_id, a.lead_id, a.leads_lead_id, a.house_id) if pk}
        self._meet(in_reach)
        self.missing.clear()

    def _answer(self, place: Question, at: datetime) -> Answer:
        question = place._replace(at=at)
        if question not in self._answers:
            self.missing.add(question)
            moments = self._moments[place]
            question = place._replace(at=moments[max(0, bisect_right(moments, at) - 1)])
        return self._answers[question]

    def _meet(self, poc_ids: Collection[int]) -> None:
        """Learn who these are, who is in those that are teams, when they were away and when they work."""
        wanted = sorted(set(poc_ids) - self._hours.keys())
        if not wanted:
            return
        member = Membership.objects.filter(member=OuterRef("pk"), team__one_of=wanted)
        rows: Any = PointOfContact.objects.filter(Q(pk__one_of=wanted) | Exists(member)).select_related("user")
        found: list[Any] = list(rows.annotate(in_teams=ListOf(member, "team_id")).order_by("name_key", "pk"))
        for row in found:
            self._pocs[row.pk] = row
            for team_id in row.in_teams:
                self._members[team_id].append(row.pk)
        new = {row.pk for row in found} - self._hours.keys()
        away = Absence.objects.whole().overlapping(*self._period).filter(poc__one_of=list(new))
        for pk, starts_at, ends_at in away.values_list("poc_id", "starts_at", "ends_at"):
            self._away[pk].append((starts_at, ends_at))
        self._hours |= working_times({*new, *wanted})

    def _told(self, poc_id: int, at: datetime) -> list[int]:
        """Return whom a POC stood for at a moment: itself, or who was told of its team; see `recipients`."""
        poc = self._pocs.get(poc_id)
        if poc is None:
            return []
        members = self._members[poc_id] if poc.is_team else []
        present = {pk for pk in (poc_id, *members) if self._is_there(pk, at)}
        is_by_duty = poc.is_team and poc.delivery == PointOfContact.Delivery.ON_DUTY
        on_duty = {pk for pk in present if self._hours[pk].is_open(at)} if is_by_duty else set()
        told = whom(poc, members, present, on_duty)
        return [pk for pk in told if self._is_reachable(self._pocs[pk])]

    def _is_there(self, poc_id: int, at: datetime) -> bool:
        gone_at = self._pocs[poc_id].deactivated_at
        if gone_at is not None and gone_at <= at:
            return False
        return not any(starts_at <= at < ends_at for starts_at, ends_at in self._away[poc_id])

    def _is_reachable(self, poc: Any) -> bool:
        return bool(poc.email or poc.user_id is not None)
