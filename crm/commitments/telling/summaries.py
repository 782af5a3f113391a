"""What whoever comes back is told: one summary of what happened to their records, and of what needs them now.

An absence ends by itself; whoever sweeps first after that moment writes the notice, in the
transaction that marks the absence as summed up. One that fails is tried again, each time
twice as late, and never given up; after a few times the administrators are told.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Count, Q
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from crm.commitments import inbox, titles
from crm.commitments.telling import notices, wording
from crm.commitments.telling.wording import Detail, Words
from crm.core import clock
from crm.dossiers.models import Dossier, Event, EventDossier
from crm.poc.models import Absence, Assignment, PointOfContact
from crm.poc.recipients import recipients

log = logging.getLogger(__name__)

BATCH = 200  # absences of one sweep; the rest are the next one's
MAX_ERRORS = 5  # then the administrators are told
MOST_DOUBLINGS = 10  # of the wait after a failure: at last it is tried every 17 hours
SHOWN = 10  # things that need them now; the rest is counted
SOON = timedelta(days=1)  # what falls due so soon needs them now
Kind = Event.Kind
GROUPS: Mapping[str, Collection[str]] = {  # what it is called in the notice's facts → events
    "logged": (Kind.LOGGED,),
    "escalated": (Kind.ESCALATED,),
    "answers": (Kind.ASSIGNED, Kind.UNASSIGNED, Kind.HANDOVER_ACCEPTED),
    "handed": (
        Kind.REASSIGNED, Kind.PASSED_ON, Kind.RETURNED, Kind.HANDOVER_PROPOSED, Kind.HANDOVER_OFFERED,
        Kind.HANDOVER_DECLINED, Kind.HANDOVER_WITHDRAWN,
    ),
    "promised": (Kind.OWED,),
    "settled": (Kind.KEPT, Kind.CANCELLED),
    "changed": (Kind.CREATED, Kind.CHANGED, Kind.ARCHIVED, Kind.RESTORED, Kind.MERGED, Kind.UNMERGED),
}  # fmt: skip


def register() -> None:
    """Give the summary, and what is said of one that fails, their words."""
    headline = _("Welcome back: what happened while you were away")
    wording.register("summary", Words(headline, _("From %(from)s until %(until)s."), details=_details))
    failing = _("%(name)s cannot be told what happened while they were away")
    wording.register("no_summary", Words(failing, _("An error keeps it from being worked out. See the log.")))


def tell_returned() -> int:
    """Tell everybody who came back what happened meanwhile, each once; return how many absences were looked at.

    Safe to run any number of times. Somebody whose summary fails is backed off, and holds nobody up.
    """
    at = clock.now()
    ids = list(Absence.objects.to_sum_up(at).order_by("ends_at", "pk").values_list("pk", flat=True)[:BATCH])
    for pk in ids:
        try:
            _sum_up(pk, at)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            log.exception("Cannot sum up absence %s", pk)
            _back_off(pk)
    return len(ids)


@transaction.atomic
def _sum_up(pk: int, at: datetime) -> None:
    rows = Absence.objects.to_sum_up(at).select_related("poc")
    absence = rows.select_for_update(skip_locked=True, no_key=True, of=("self",)).filter(pk=pk).first()
    if absence is None:
        return
    if _has_returned(absence, at):
        notices.write(_rows(absence, at), [])
    Absence.objects.filter(pk=pk).update(summed_up_at=at)


@transaction.atomic
def _back_off(pk: int) -> None:
    """Try a summary that fails later, each time twice as late; it is never given up, and administrators are told."""
    absence = Absence.objects.select_for_update(no_key=True, of=("self",)).select_related("poc").get(pk=pk)
    at = clock.now()
    absence.sum_up_errors += 1
    absence.sum_up_after = at + timedelta(minutes=2 ** min(absence.sum_up_errors, MOST_DOUBLINGS))
    absence.save(update_fields=["sum_up_errors", "sum_up_after"])
    if absence.sum_up_errors == MAX_ERRORS:
        notices.alarm(idem_key=f"q:r{pk}", kind="no_summary", facts={"name": absence.poc.name}, at=at)


def _has_returned(absence: Absence, at: datetime) -> bool:
    """True of a person who was away from everything and is here now; who is away again is told when that ends."""
    was_away = absence.topic_id is None and absence.ends_at > absence.starts_at
    is_there = not absence.poc.is_team and absence.poc.deactivated_at is None
    return was_away and is_there and not Absence.objects.whole().at(at).filter(poc=absence.poc_id).exists()


def _rows(absence: Absence, at: datetime) -> list[notices.Row]:
    poc = absence.poc
    people = notices.reachable(recipients([poc.pk], at=at)[poc.pk])
    since = _since(absence)
    facts = {"from": since.isoformat(), "until": absence.ends_at.isoformat(), "counts": _counts(poc, since, absence)}
    facts |= _needs(poc, at) | {"covers": _covers(poc, at)}
    is_quiet = not any(facts[key] for key in ("counts", "needs", "covers"))
    channels = (notices.INBOX,) if is_quiet else (notices.INBOX, notices.EMAIL)
    return notices.plain_rows(
        f"r:{absence.pk}", "summary", None, people, channels, facts, at, priority=notices.ORDINARY
    )


def _since(absence: Absence) -> datetime:
    """When somebody went away, over absences that follow each other without a break."""
    since = absence.starts_at
    earlier = Absence.objects.whole().filter(poc=absence.poc_id, starts_at__lt=since).order_by("-starts_at")
    for starts_at, ends_at in earlier.values_list("starts_at", "ends_at")[:BATCH]:
        if ends_at < since:
            break
        since = starts_at
    return since


def _counts(poc: PointOfContact, since: datetime, absence: Absence) -> dict[str, int]:
    """Count what others did to the records this one answers for. Two queries."""
    held = Assignment.objects.held_by([poc.pk]).overlapping(since, absence.ends_at).values_list("dossier_id", flat=True)
    ids = list(set(held))
    below = Dossier.objects.filter(Q(pk__one_of=ids) | Q(home__one_of=ids)).values("pk")
    then = EventDossier.objects.filter(dossier__in=below, happened_at__gte=since, happened_at__lt=absence.ends_at)
    if poc.user_id is not None:
        then = then.exclude(event__actor=poc.user_id, event__actor__isnull=False)
    by_kind = dict(then.order_by().values_list("event__kind").annotate(n=Count("event", distinct=True)))
    counts = {name: sum(by_kind.get(kind, 0) for kind in kinds) for name, kinds in GROUPS.items()}
    return {name: n for name, n in counts.items() if n}


def _needs(poc: PointOfContact, at: datetime) -> dict[str, Any]:
    """Return what waits for this one now, the most urgent first."""
    read = inbox.read([poc.pk], at=at, before=at + SOON)
    waiting = list({c.pk: c for c in (*read.escalated, *read.owed)}.values())
    shown = [
        {
            "id": c.pk, "title": c.title, "made_of": c.title_made_of, "record": c.dossier.title,
            "due": c.due_at.isoformat(),
        }
        for c in waiting[:SHOWN]
    ]  # fmt: skip
    return {"needs": shown, "n_needs": len(waiting)}


def _covers(poc: PointOfContact, at: datetime) -> list[dict[str, str]]:
    """Return for whom this one stands in, now or later: it may have been asked of them while they were away."""
    rows = Absence.objects.overlapping(at, None).filter(cover=poc).order_by("starts_at", "pk")
    return [
        {"name": name, "from": starts_at.isoformat() if starts_at > at else "", "until": ends_at.isoformat()}
        for name, starts_at, ends_at in rows.values_list("poc__name", "starts_at", "ends_at")[:SHOWN]
    ]


# --- In words --------------------------------------------------------------------------------------------------------


def _details(facts: Mapping[str, Any]) -> Sequence[Detail]:
    return [*_meanwhile(facts.get("counts") or {}), *_standing_in(facts), *_waiting(facts)]


def _meanwhile(counts: Mapping[str, int]) -> Iterator[Detail]:
    for name, say in _COUNTS.items():
        if counts.get(name):
            yield Detail(say(counts[name]) % {"n": counts[name]})
    if not counts:
        yield Detail(gettext("Nothing happened to your records."))


_COUNTS: Mapping[str, Callable[[int], str]] = {
    "logged": lambda n: ngettext("%(n)s conversation was logged", "%(n)s conversations were logged", n),
    "escalated": lambda n: ngettext("%(n)s thing was escalated", "%(n)s things were escalated", n),
    "answers": lambda n: ngettext("Who answers changed %(n)s time", "Who answers changed %(n)s times", n),
    "handed": lambda n: ngettext("%(n)s thing was handed on", "%(n)s things were handed on", n),
    "promised": lambda n: ngettext("%(n)s thing was promised", "%(n)s things were promised", n),
    "settled": lambda n: ngettext("%(n)s promise was settled", "%(n)s promises were settled", n),
    "changed": lambda n: ngettext("%(n)s change to a record", "%(n)s changes to records", n),
}


def _standing_in(facts: Mapping[str, Any]) -> Iterator[Detail]:
    for cover in facts.get("covers") or ():
        starts_at, ends_at = parse_datetime(cover["from"]), parse_datetime(cover["until"])
        values = {
            "name": cover["name"],
            "from": wording.first_moment(starts_at) if starts_at else "",
            "until": wording.last_moment(ends_at) if ends_at else "",
        }
        planned = gettext("You stand in for %(name)s from %(from)s until %(until)s")
        yield Detail((planned if starts_at else gettext("You stand in for %(name)s until %(until)s")) % values)


def _waiting(facts: Mapping[str, Any]) -> Iterator[Detail]:
    shown = facts.get("needs") or ()
    for item in shown:
        due = parse_datetime(item["due"])
        title = titles.said(item["title"], item.get("made_of"))
        values = {"title": title, "record": item["record"], "due": wording.moment(due) if due else ""}
        yield Detail(
            gettext("Due %(due)s: %(title)s (%(record)s)") % values, f"{settings.PUBLIC_URL}/owed/{item['id']}/"
        )
    more = facts.get("n_needs", 0) - len(shown)
    if more > 0:
        yield Detail(ngettext("… and %(n)s more.", "… and %(n)s more.", more) % {"n": more}, wording.home())
