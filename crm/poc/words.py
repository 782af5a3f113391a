"""Why somebody answers, in the reader's words: one quiet line, or the whole path."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from crm.core.templatetags.moments import last_away
from crm.dossiers.models import Dossier, Topic
from crm.poc import decide
from crm.poc.decide import Answer, Reason
from crm.poc.models import PointOfContact
from crm.poc.resolve import Fetched


@dataclass(frozen=True, slots=True)
class Named:
    """What the ids of some answers stand for."""

    pocs: Mapping[int, PointOfContact]
    titles: Mapping[int, str]  # of records
    topics: Mapping[int, Topic]

    def poc(self, poc_id: int | None) -> str:
        return self.pocs[poc_id].name if poc_id is not None and poc_id in self.pocs else ""

    def title(self, dossier_id: int | None) -> str:
        return self.titles.get(dossier_id, "") if dossier_id is not None else ""

    def topic(self, topic_id: int | None) -> str:
        return self.topics[topic_id].label if topic_id is not None and topic_id in self.topics else ""


def names(fetched: Fetched, topics: Iterable[Topic] | None = None) -> Named:
    """Say what the answers made from `fetched` name. One query; none where all `topics` were read already."""
    every = Topic.objects.all() if topics is None else topics
    return Named(fetched.pocs, fetched.titles, {topic.pk: topic for topic in every})


def load(answers: Iterable[Answer]) -> Named:
    """Load what answers of another moment and their reasons name. Three queries."""
    answers = list(answers)
    reasons = [reason for answer in answers for reason in answer.reasons]
    poc_ids = {r.poc_id for r in reasons} | {a.poc_id for a in answers}
    poc_ids |= {i for a in answers for i in (a.holder_id, a.backup_id, a.lead_id, a.house_id)}
    dossier_ids = {r.dossier_id for r in reasons} | {a.dossier_id for a in answers}
    return Named(
        pocs=PointOfContact.objects.in_bulk([i for i in poc_ids if i is not None]),
        titles=dict(Dossier.objects.filter(pk__one_of=[i for i in dossier_ids if i]).values_list("pk", "title")),
        topics=Topic.objects.in_bulk(),
    )


def why(answer: Answer, named: Named, *, dossier_id: int | None, topic_id: int) -> str:
    """Say in one line why this one answers; "" where there is nothing to explain: it was named right here."""
    if answer.poc_id == answer.house_id and answer.holder_id is None:
        return _("Nobody was named here or above")
    parts = [where(answer, named, dossier_id=dossier_id, topic_id=topic_id), instead(answer, named)]
    return " · ".join(part for part in parts if part)


def path(answer: Answer, named: Named) -> list[str]:
    """Say every step on the way to the answer, the answer last."""
    return [_step(reason, named) for reason in answer.reasons]


def where(answer: Answer, named: Named, *, dossier_id: int | None, topic_id: int) -> str:
    """Say where the assignment was found, when not on the record and topic asked about."""
    above = answer.dossier_id is not None and answer.dossier_id != dossier_id
    other = answer.topic_id is not None and answer.topic_id != topic_id
    values = {"name": named.title(answer.dossier_id), "topic": named.topic(answer.topic_id).lower()}
    if above and other:
        return _("From %(name)s, about %(topic)s") % values
    if above:
        return _("From %(name)s") % values
    return _("Named for %(topic)s") % values if other else ""


def instead(answer: Answer, named: Named) -> str:
    """Say for whom this one stands in, and why: for the one assigned, or who was asked for by name."""
    asked = next((r.poc_id for r in answer.reasons if r.code == decide.FIXED), None)
    holder_id = answer.holder_id or asked
    if holder_id is None or holder_id == answer.poc_id:
        return ""
    values = {"holder": named.poc(holder_id), "name": named.poc(answer.poc_id)}
    cause = next((r for r in answer.reasons if r.poc_id == holder_id and r.code in _CAUSES), None)
    if cause is not None and cause.code == decide.AWAY and cause.until:
        values["day"] = last_day(cause.until)
        if any(reason.code == decide.COVERED for reason in answer.reasons):
            return _("%(holder)s is away until %(day)s → covered by %(name)s") % values
        return _("%(holder)s is away until %(day)s → %(name)s answers") % values
    if cause is not None and cause.code == decide.INACTIVE:
        return _("%(holder)s no longer answers – %(name)s does") % values
    return _("For %(holder)s") % values


_CAUSES = (decide.AWAY, decide.INACTIVE, decide.EMPTY)


def _step(reason: Reason, named: Named) -> str:
    """Say one step."""
    values = {
        "poc": named.poc(reason.poc_id),
        "name": named.title(reason.dossier_id),
        "topic": named.topic(reason.topic_id).lower(),
        "day": last_day(reason.until) if reason.until else "",
    }
    return _STEPS[reason.code]() % values


_STEPS = {
    decide.NOBODY: lambda: _("Nobody for %(topic)s on %(name)s"),
    decide.FIXED: lambda: _("%(poc)s was named for this"),
    decide.ASSIGNED: lambda: _("On %(name)s for %(topic)s: %(poc)s"),
    decide.AWAY: lambda: _("%(poc)s is away until %(day)s"),
    decide.INACTIVE: lambda: _("%(poc)s no longer answers"),
    decide.EMPTY: lambda: _("Nobody is in %(poc)s"),
    decide.COVERED: lambda: _("Covered by %(poc)s"),
    decide.COVER_FAILS: lambda: _("Nobody who is there covers for %(poc)s"),
    decide.BACKUP: lambda: _("The backup answers: %(poc)s"),
    decide.LEAD: lambda: _("The lead answers: %(poc)s"),
    decide.HOUSE: lambda: _("The front desk answers: %(poc)s"),
}


def last_day(until: datetime) -> str:
    """Say the last day of a half-open period of absence: 3 Dec, where it ends as the fourth begins."""
    return formats.date_format(last_away(until), pgettext("date", "j M"))
