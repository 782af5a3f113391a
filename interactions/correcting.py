"""Correct what was logged: it says what it should have, and lies where it belongs; the original stays readable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm.commitments.filing import move_grants
from crm.commitments.models import Commitment
from crm.core.actor import Actor
from crm.core.refusals import Refused
from crm.dossiers.actions import Happening, record_many, text_of
from crm.dossiers.changes import FieldChange, Thing, changes_of
from crm.dossiers.models import Dossier, Event, EventDossier
from interactions.actions import (
    MAX_NOTE,
    NoteTooLong,
    Touch,
    WhoRequired,
    facts_of,
    personal_of,
    place_of,
    refuse_impossible,
    refuse_mismatch,
    refuse_odd_moment,
    touched_dossiers,
)
from interactions.corrections import CONSEQUENCES, touch_clocks_back, touch_clocks_on
from interactions.models import FollowUp, Interaction, TouchPoint

if TYPE_CHECKING:
    from crm.users.models import User

WHO = ("contact", "project", "account")
FIELDS = ("channel", "direction", "purpose", "outcome", "topic", "occurred_at", "seconds", "note", *WHO)
PERSONAL = ("note", *WHO)  # kept apart from the facts


class NotYours(Refused):
    code = "not_yours"
    default_message = _("It is corrected by the one who logged it, or by somebody who may change touches.")


class WasUndone(Refused):
    code = "was_undone"
    default_message = _("It was undone. Log it again instead.")


def may_correct(interaction: Interaction, user: User) -> bool:
    """True of the one who logged it, and of those who may change touches; at any time."""
    is_own = interaction.logged_by_id is not None and interaction.logged_by_id == user.pk
    return interaction.withdrawn_at is None and (is_own or user.has_perm("interactions.change_interaction"))


@transaction.atomic
def correct(*, interaction: Interaction, by: Actor, at: datetime, **said: Any) -> Interaction:
    """Let a touch say what is `said` (names in FIELDS); the rest stays. The same as before: nothing happens.

    Another record takes it over, with its place on timelines and what is still owed for it; with
    none of `WHO` it is a stranger's again. Who answered then stays, and so does what it settled.
    What it said before is kept in an event, and shown on its own page.

    :raises NotYours: somebody else logged it, and `by` may not change touches.
    :raises WasUndone: it was undone.
    :raises Refused: as `interactions.actions.log`.
    """
    locked = Interaction.objects.select_for_update(of=("self",), no_key=True).for_list().get(pk=interaction.pk)
    if locked.withdrawn_at is not None:
        raise WasUndone
    if by.user is not None and not may_correct(locked, by.user):
        raise NotYours
    was = copy(locked)
    wanted = _wanted(locked, said)
    changed = {name: (getattr(was, name), value) for name, value in wanted.items() if getattr(was, name) != value}
    if not changed:
        return locked
    moves = any(name in changed for name in WHO)
    _refuse(locked, wanted, moves, at)
    _write(locked, wanted, moves)
    logged = logged_event(was)
    owed = _owed(was, logged)
    _move_what_is_owed(owed, was, locked)
    touch_clocks_back(was)
    touch_clocks_on(locked)
    _record(was, locked, changed, logged, moves, by, at)
    return locked


def _wanted(locked: Interaction, said: Mapping[str, Any]) -> dict[str, Any]:
    """What the touch shall say. The account follows from project and contact, where it is not said itself."""
    wanted = {name: said.get(name, getattr(locked, name)) for name in FIELDS}
    wanted["note"] = wanted["note"].strip()
    if any(wanted[name] != getattr(locked, name) for name in ("contact", "project")) and not said.get("account"):
        place = wanted["project"] or wanted["contact"]
        wanted["account"] = place.account if place else None
    return wanted


def _refuse(locked: Interaction, wanted: Mapping[str, Any], moves: bool, at: datetime) -> None:
    """:raises Refused: as `log`; where it lies is looked at only when it moves: its record may be archived since."""
    touch = _touch(locked, wanted)
    if moves:
        if touch.touch_point is not None and not locked.caller:
            raise WhoRequired
        refuse_impossible(replace(touch, occurred_at=None), at)
    if wanted["occurred_at"] != locked.occurred_at:
        refuse_odd_moment(wanted["occurred_at"], at)
    if len(wanted["note"]) > MAX_NOTE:
        raise NoteTooLong
    if touch.outcome is not None:
        refuse_mismatch(touch, touch.outcome.channels.values_list("pk", flat=True))


def _touch(locked: Interaction, wanted: Mapping[str, Any]) -> Touch:
    touch = Touch(**wanted)
    if not any(wanted[name] for name in WHO):
        touch.touch_point = locked.touch_point or TouchPoint.objects.for_list().get(is_default=True)
    return touch


def _write(locked: Interaction, wanted: Mapping[str, Any], moves: bool) -> None:
    for name, value in wanted.items():
        setattr(locked, name, value)
    locked.is_touch = locked.outcome.is_touch if locked.outcome else True
    if moves:
        touch = _touch(locked, wanted)
        locked.touch_point = touch.touch_point or locked.touch_point
        locked.dossier = place_of(touch)
        locked.home_id = locked.dossier.home_id  # type: ignore[assignment]  # null only while it is being filed
    locked.save(update_fields=[*FIELDS, "is_touch", "touch_point", "dossier", "home"])


def logged_event(interaction: Interaction) -> Event | None:
    """Return the event that shows a touch on timelines, with what is personal in it. One query."""
    rows = EventDossier.objects.filter(
        dossier=interaction.dossier_id, happened_at=interaction.occurred_at, event__kind=Event.Kind.LOGGED
    ).select_related("event__actor", "event__personal")
    return next((r.event for r in rows if r.event.facts.get("interaction") == interaction.pk), None)


def _owed(was: Interaction, logged: Event | None) -> list[Commitment]:
    """What is still owed for a touch, where the touch lay."""
    opened = logged.facts.get("opened", []) if logged else []
    ids = [*opened, *was.follow_ups.values_list("pk", flat=True)]
    return list(Commitment.objects.open().filter(pk__in=ids, dossier=was.dossier_id).order_by("pk"))


def _move_what_is_owed(owed: list[Commitment], was: Interaction, now: Interaction) -> None:
    """What is owed for the touch is owed where it lies now, about what it is about now, with whom it was."""
    rows = Commitment.objects.filter(pk__in=[c.pk for c in owed])
    rows.update(dossier=now.dossier, home=now.home_id)
    rows.filter(topic=was.topic_id).update(topic=now.topic_id)
    FollowUp.objects.filter(commitment__in=owed, contact=was.contact_id).update(contact=now.contact_id)
    if was.home_id != now.home_id:
        move_grants(owed, to_home=now.home_id)


def _record(
    was: Interaction, now: Interaction, changed: Mapping[str, tuple[Any, Any]], logged: Event | None, moves: bool,
    by: Actor, at: datetime,
) -> None:  # fmt: skip
    """Say what was corrected, where it lies and where it lay; then show the touch as it is, at its own moment.

    It is shown as logged by whom and when it was logged first. The event that showed it before
    stays readable by its id, on no timeline.
    """
    here = _places(now)
    happenings = [Happening(Event.Kind.CHANGED, here, at, _facts(now, changed), _said_before(now, changed))]
    if moves and was.dossier_id != now.dossier_id:
        put = {"changes": {"record": [was.them, now.dossier.title]}}
        facts = {"interaction": now.pk, "changes": {"record": ["", ""]}}
        happenings.append(Happening(Event.Kind.CHANGED, _places(was)[:1], at, facts, put))
    correction = record_many(happenings, by=by, at=at)[0]
    before = logged.facts if logged else {}
    kept = {name: before[name] for name in (*CONSEQUENCES, "promised", "sorted") if name in before}
    shown = facts_of(now) | kept | {"corrections": [*before.get("corrections", []), correction.pk]}
    promised = _personal(logged).get("promised") if logged else None
    personal = personal_of(now) | ({"promised": promised} if promised else {})
    first_by = Actor(logged.actor, logged.source, logged.token) if logged else by
    first_at = logged.recorded_at if logged else now.logged_at
    EventDossier.objects.filter(event=logged).delete()
    record_many([Happening(Event.Kind.LOGGED, here, now.occurred_at, shown, personal)], by=first_by, at=first_at)


def _places(interaction: Interaction) -> list[Dossier]:
    """The records it is shown on; the first is at home where the touch is, though the contact may have moved on."""
    places = touched_dossiers(interaction)
    if interaction.home_id not in {place.pk for place in places}:
        places.append(Dossier.objects.get(pk=interaction.home_id))  # what its account was merged into
    first = copy(places[0])
    first.home_id = interaction.home_id
    return [first, *places[1:]]


@dataclass(frozen=True, slots=True)
class Corrected:
    """One correction of a touch, as its page tells it: old → new in the reader's words."""

    at: datetime
    actor: str
    changes: Sequence[FieldChange]


def told(interaction: Interaction) -> list[Corrected]:
    """Return how a touch was corrected, the newest first. One query, one more where it was."""
    logged = logged_event(interaction)
    ids = logged.facts.get("corrections", []) if logged else []
    rows = Event.objects.filter(pk__in=ids).select_related("actor", "personal").order_by("-pk") if ids else []
    thing = Thing("", Interaction)
    return [Corrected(e.happened_at, e.actor.name if e.actor else "", changes_of(e, _personal(e), thing)) for e in rows]


def _personal(event: Event) -> Mapping[str, Any]:
    return event.personal.values if hasattr(event, "personal") else {}


def _facts(now: Interaction, changed: Mapping[str, tuple[Any, Any]]) -> dict[str, Any]:
    changes = {
        name: ["", ""] if name in PERSONAL else [text_of(old), text_of(new)] for name, (old, new) in changed.items()
    }
    return {"interaction": now.pk, "corrected": True, "changes": changes}


def _said_before(now: Interaction, changed: Mapping[str, tuple[Any, Any]]) -> dict[str, Any]:
    changes = {name: [text_of(old), text_of(new)] for name, (old, new) in changed.items() if name in PERSONAL}
    return {"contact": now.them} | ({"changes": changes} if changes else {})
