"""Who would answer if asked, POC by POC: what lists of many records are made from.

Nothing is decided here a second time: `decide` is asked about an imaginary record for which one
POC alone answers. That is a few hundred questions, whatever the number of records.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

from crm.dossiers.models import Topic
from crm.poc import decide
from crm.poc.decide import Answer, Facts, Holder, Poc
from crm.poc.models import PointOfContact
from crm.poc.resolve import Question, fetch

IMAGINARY = 0  # the id of no record


class Stand(NamedTuple):
    """Who answers about `topic_id` where `poc_id` is named, and who would if that one were gone; None: nobody.

    Absences count by the topic asked about, also where somebody is named for *general*.
    """

    poc_id: int
    topic_id: int
    first_id: int | None
    second_id: int | None


@dataclass(slots=True)
class Standing:
    """Everybody on our side, as they stand from `at` to `until`."""

    facts: Facts
    pocs: Mapping[int, PointOfContact]
    topics: Sequence[Topic]  # retired ones too: somebody may still be named for them
    at: datetime
    _plain: dict[int, bool] = field(default_factory=dict)

    @property
    def general_id(self) -> int:
        return self.facts.general_id

    def topic(self, topic_id: int) -> Topic:
        return next(topic for topic in self.topics if topic.pk == topic_id)

    def ask(self, poc_id: int, topic_id: int, *, at: datetime | None = None, without: int | None = None) -> Answer:
        """Return who answers where `poc_id` is named and nobody else; `without` one who is gone."""
        at = at or self.at
        pocs = self.facts.pocs
        if without is not None:
            pocs = {**pocs, without: replace(pocs[without], deactivated_at=at)}
        facts = Facts(
            parents={IMAGINARY: None},
            holders={(IMAGINARY, topic_id): [Holder(poc_id, decide.PRIMARY, at, None)]},
            pocs=pocs,
            house_id=self.facts.house_id,
            general_id=topic_id,  # asked about this topic alone
        )
        return decide.decide(dossier_id=IMAGINARY, topic_id=topic_id, at=at, facts=facts)

    def stands_in(self, poc_id: int, topic_id: int, *, without: int | None = None) -> int | None:
        """Return who answers where `poc_id` is named and nobody else; None: nobody."""
        if without is None and self.is_plain(poc_id):
            return poc_id
        answer = self.ask(poc_id, topic_id, without=without)
        return None if answer.is_gap else answer.poc_id

    def is_plain(self, poc_id: int) -> bool:
        """True of one who is simply there: nothing has to be decided."""
        if poc_id not in self._plain:
            self._plain[poc_id] = _is_plain(self.facts.pocs[poc_id], self.at)
        return self._plain[poc_id]

    def troubled(self) -> list[int]:
        """Those who are away, gone or empty: for them it has to be asked who answers."""
        return [poc_id for poc_id in self.facts.pocs if not self.is_plain(poc_id)]

    def silent(self, topic_id: int) -> list[int]:
        """Those for whom nobody would answer, named as the only one."""
        return [poc_id for poc_id in self.troubled() if self.stands_in(poc_id, topic_id) is None]

    def not_there(self, topic_id: int) -> list[int]:
        """Those who do not answer themselves: no backup as long as that lasts."""
        return [poc_id for poc_id in self.troubled() if self.stands_in(poc_id, topic_id) != poc_id]

    def stands(self) -> list[Stand]:
        """Return, for everybody and every topic, who answers and who would next."""
        return [self._stand(poc_id, topic.pk) for poc_id in self.facts.pocs for topic in self.topics]

    def _stand(self, poc_id: int, topic_id: int) -> Stand:
        first = self.stands_in(poc_id, topic_id)
        if first == poc_id and self.facts.pocs[poc_id].lead_id is None:
            return Stand(poc_id, topic_id, first, None)
        second = self.stands_in(poc_id, topic_id, without=first) if first is not None else None
        return Stand(poc_id, topic_id, first, second)


def is_gone(poc: Poc, at: datetime) -> bool:
    """True of one who no longer answers, and of a team with nobody in it."""
    return any(since is not None and since <= at for since in (poc.deactivated_at, poc.empty_since))


def _is_plain(poc: Poc, at: datetime) -> bool:
    return not is_gone(poc, at) and not any(away.starts_at <= at < away.ends_at for away in poc.absences)


def read(*, at: datetime, until: datetime | None = None, topics: Iterable[Topic] | None = None) -> Standing:
    """Read everybody on our side as they stand at `at`, with absences up to `until`. Two queries, three without topics.

    The answers about later moments count only up to `until`.
    """
    every = list(Topic.objects.all() if topics is None else topics)
    general = next(topic.pk for topic in every if topic.code == Topic.GENERAL)
    ids = PointOfContact.objects.values_list("pk", flat=True)
    moments = {at, until or at}
    fetched = fetch([Question(None, general, poc_id, moment) for poc_id in ids for moment in moments], at)
    return Standing(fetched.facts, fetched.pocs, every, at)
