"""Bring an archived record back, with what was archived along with it and who answered there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from crm.core.actor import Actor
from crm.core.refusals import Refused
from crm.dossiers.actions import Happening, record_many
from crm.dossiers.models import Dossier, Event, EventDossier
from crm.handovers.archiving import BATCH, Ended, tell, told_on
from crm.poc.models import Assignment


class ParentArchived(Refused):
    code = "parent_archived"
    default_message = _("What it belongs to is archived. Restore that first.")


class MergedAway(Refused):
    code = "merged_away"
    default_message = _("It was merged into another account. Undo the merge instead.")


@dataclass(frozen=True, slots=True)
class Restored:
    """What came back; `gone` are the places of those who answer for nothing any more."""

    records: Sequence[Dossier]
    back: Sequence[Assignment]
    gone: Sequence[Assignment]


@transaction.atomic
def restore(*, dossier: Dossier, by: Actor, at: datetime) -> Restored:
    """Bring a record back, with what was archived along with it and who answered there. Current: nothing happens.

    What was cancelled then stays cancelled, what was moved stays where it is. Who answers again is told.

    :raises ParentArchived: what it belongs to is archived.
    :raises MergedAway: it was merged into another account.
    """
    locked = Dossier.objects.select_for_update(of=("self",), no_key=True).select_related("parent").get(pk=dossier.pk)
    if locked.archived_at is None:
        return Restored([], [], [])
    if locked.kind == Dossier.Kind.ACCOUNT and locked.home_id != locked.pk:
        raise MergedAway
    if locked.parent is not None and locked.parent.archived_at is not None:
        raise ParentArchived
    below = _archived_along(locked)
    records = [locked, *below]
    ended = _ended_with(records)
    Dossier.objects.filter(pk__one_of=[d.pk for d in records]).update(archived_at=None)
    back, gone = bring_back(ended, by=by, at=at)
    happenings = [Happening(Event.Kind.RESTORED, [d], at, {"record": d.pk, "with": locked.pk}) for d in below]
    facts = {"record": locked.pk, "below": [d.pk for d in below], "gone": [a.pk for a in gone]}
    first = Happening(Event.Kind.RESTORED, told_on(locked, {locked.pk}), at, facts)
    events = record_many([first, *happenings], by=by, at=at)
    tell("restored", [locked], events, {locked.pk: {a.poc_id for a in back}}, {}, by, at)
    return Restored(records, back, gone)


def archived_by(dossier: Dossier) -> Event | None:
    """Return the event by which a record was archived, None where none tells. One query."""
    rows = EventDossier.objects.filter(
        dossier=dossier,
        happened_at=dossier.archived_at,
        event__kind=Event.Kind.ARCHIVED,
        event__facts__record=dossier.pk,
    )
    row = rows.select_related("event__actor").order_by("-event_id").first()
    return row.event if row else None


def _archived_along(dossier: Dossier) -> list[Dossier]:
    """The records that were archived in the same act because they belong to it, and have not come back since."""
    event = archived_by(dossier)
    ids = event.facts.get("below", []) if event else []
    rows = Dossier.objects.select_for_update(no_key=True).filter(pk__one_of=ids, archived_at=dossier.archived_at)
    return list(rows.order_by("pk"))


def _ended_with(records: Sequence[Dossier]) -> list[Ended]:
    """Who answered for these records until they were archived together. One query."""
    ids = [d.pk for d in records]
    rows = EventDossier.objects.filter(
        dossier__one_of=ids, happened_at=records[0].archived_at, event__kind=Event.Kind.ARCHIVED
    ).values_list("dossier_id", "event__facts")
    return [(pk, until) for own, facts in rows if facts.get("record") == own for pk, until in facts.get("ended", [])]


def bring_back(ended: Iterable[Ended], *, by: Actor, at: datetime) -> tuple[list[Assignment], list[Assignment]]:
    """Let those answer again, from now on, whose assignments were ended; what was ended stays history. Two queries.

    Returns who answers again, and those who cannot: they answer for nothing any more. What would
    be over by now is left out.
    """
    until = {pk: parse_datetime(moment) if moment else None for pk, moment in ended}
    back, gone = [], []
    for old in Assignment.objects.filter(pk__one_of=list(until)).for_list().order_by("pk"):
        ends_at = until[old.pk]
        if ends_at is not None and ends_at <= at:
            continue
        if old.poc.deactivated_at is not None:
            gone.append(old)
        else:
            again = Assignment(
                dossier=old.dossier, topic=old.topic, poc=old.poc, rank=old.rank, starts_at=max(at, old.starts_at),
                ends_at=ends_at, reason=old.reason, decided_by=by.user,
            )  # fmt: skip
            back.append(again)
    return Assignment.objects.bulk_create(back, batch_size=BATCH), gone
