"""What is put right after logging: undone within minutes, or put to the record it belongs to."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import F, Max, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from contacts.models import Contact
from crm.commitments import actions as commitments
from crm.commitments.filing import move_grants
from crm.commitments.models import Commitment
from crm.commitments.waiting import Paused, wait_again
from crm.core.actor import Actor
from crm.core.refusals import Refused
from crm.dossiers.actions import record, refuse_archived
from crm.dossiers.models import Dossier, Event, EventDossier
from interactions.actions import WhoRequired, facts_of, personal_of, touched_dossiers
from interactions.models import FollowUp, Interaction
from interactions.settling import let_go_on
from projects.models import Project

if TYPE_CHECKING:
    from crm.users.models import User

UNDO_WITHIN = timedelta(minutes=10)
CONSEQUENCES = (
    "opened",
    "kept",
    "again",
    "retried",
    "waited",
    "resumed",
)  # what the event of a touch says about what it brought with it


class TooLate(Refused):
    code = "too_late"
    default_message = _("It can be undone by the one who logged it, within ten minutes.")


class SortedAlready(Refused):
    code = "sorted_already"
    default_message = _("It has been put to a record already.")


def may_undo(interaction: Interaction, user: User, at: datetime) -> bool:
    """True of the one who logged it, for ten minutes."""
    is_own = interaction.logged_by_id is not None and interaction.logged_by_id == user.pk
    return is_own and interaction.withdrawn_at is None and at - interaction.logged_at <= UNDO_WITHIN


@transaction.atomic
def undo(*, interaction: Interaction, by: Actor, at: datetime) -> Interaction:
    """Take back a touch that was just logged, and what it brought with it. Undone already: nothing happens.

    What it opened is cancelled, what it settled is owed again, what it put off is due as before.
    The row stays readable on its own page and counts nowhere.

    :raises TooLate: somebody else logged it, or more than ten minutes ago.
    """
    locked = Interaction.objects.select_for_update(of=("self",), no_key=True).for_list().get(pk=interaction.pk)
    if locked.withdrawn_at is not None:
        return locked
    if by.user is None or not may_undo(locked, by.user, at):
        raise TooLate
    return withdraw(interaction=locked, by=by, at=at)


@transaction.atomic
def withdraw(*, interaction: Interaction, by: Actor, at: datetime) -> Interaction:
    """Take a touch back, whoever logged it and whenever, with what it brought: where it came from, it is otherwise.

    As `undo` leaves it. Withdrawn already: nothing happens.
    """
    locked = Interaction.objects.select_for_update(of=("self",), no_key=True).for_list().get(pk=interaction.pk)
    if locked.withdrawn_at is not None:
        return locked
    facts = facts_when_logged(locked)
    locked.withdrawn_at = at
    locked.save(update_fields=["withdrawn_at"])
    _take_back(locked, facts, by, at)
    touch_clocks_back(locked)
    record(
        kind=Event.Kind.WITHDRAWN,
        dossiers=touched_dossiers(locked),
        facts={"interaction": locked.pk, "channel": locked.channel.name, "icon": locked.channel.icon},
        personal=personal_of(locked) | {"note": ""},
        by=by,
        at=at,
    )
    return locked


def facts_when_logged(interaction: Interaction) -> dict[str, Any]:
    """Return what the event of its logging says, what it opened and settled included. One query."""
    rows = EventDossier.objects.filter(
        dossier=interaction.dossier_id, happened_at=interaction.occurred_at, event__kind=Event.Kind.LOGGED
    ).values_list("event__facts", flat=True)
    return next((facts for facts in rows if facts.get("interaction") == interaction.pk), {})


def _take_back(interaction: Interaction, facts: dict[str, Any], by: Actor, at: datetime) -> None:
    opened = [*facts.get("opened", []), *interaction.follow_ups.values_list("pk", flat=True)]
    for commitment in Commitment.objects.open().filter(pk__in=opened).order_by("pk"):
        commitments.cancel(commitment=commitment, by=by, at=at)
    for commitment in Commitment.objects.filter(pk__in=facts.get("kept", [])).order_by("pk"):
        commitments.reopen(commitment=commitment, by=by, at=at)
    retried, again = dict(facts.get("retried", [])), dict(facts.get("again", []))
    for commitment in Commitment.objects.open().filter(pk__in=[*retried, *again]).order_by("pk"):
        if commitment.pk in retried:
            FollowUp.objects.filter(commitment=commitment, attempt__gt=1).update(attempt=F("attempt") - 1)
        was = datetime.fromisoformat((retried | again)[commitment.pk])
        commitments.redue(commitment=commitment, due_at=was, this_once=True, by=by, at=at)
    for values in (*facts.get("waited", []), *facts.get("resumed", [])):
        wait_again(was=Paused.read(values), by=by, at=at)


def touch_clocks_back(interaction: Interaction) -> None:
    """Set the touch clocks to the last touch that counts, where this one had moved them."""
    if not interaction.is_touch:
        return
    for model, name in ((Contact, "contact"), (Account, "account")):
        pk = getattr(interaction, f"{name}_id")
        if pk is not None:
            touches = Interaction.objects.current().touches().filter(**{name: pk})
            last = touches.aggregate(last=Max("occurred_at"))["last"]
            moved = model.objects.filter(pk=pk, last_touch_at=interaction.occurred_at)
            moved.update(last_touch_at=last)


@transaction.atomic
def put_to_record(
    *,
    interaction: Interaction,
    contact: Contact | None = None,
    account: Account | None = None,
    project: Project | None = None,
    by: Actor,
    at: datetime,
) -> Interaction:
    """Put the touch of a caller nobody knew to the record it belongs to; what is owed for it goes along.

    Who answered at that moment stays as it was: the front desk did.

    :raises WhoRequired: no record is named.
    :raises SortedAlready: it belongs to one.
    :raises Archived: the record is archived.
    """
    if not any((contact, account, project)):
        raise WhoRequired
    locked = Interaction.objects.select_for_update(of=("self",), no_key=True).for_list().get(pk=interaction.pk)
    if any((locked.contact_id, locked.account_id, locked.project_id)):
        raise SortedAlready
    came_from = locked.dossier
    place = project or contact or account
    refuse_archived(place.dossier, field="who")  # type: ignore[union-attr]
    owner = place.account if isinstance(place, (Contact, Project)) else place
    locked.contact, locked.project, locked.account = contact, project, account or owner
    locked.dossier = place.dossier  # type: ignore[union-attr]
    locked.home_id = locked.dossier.home_id  # type: ignore[assignment]  # null only while it is being filed
    locked.save(update_fields=["contact", "project", "account", "dossier", "home"])
    facts = _facts_of_stranger(locked, came_from)
    _move_what_is_owed(locked, facts, contact)
    touch_clocks_on(locked)
    consequences = {name: facts[name] for name in CONSEQUENCES if name in facts}
    resumed = let_go_on(locked, by, at)  # it was they who were in touch
    _record_sorted(locked, came_from, consequences | ({"resumed": resumed} if resumed else {}), by, at)
    return locked


def _facts_of_stranger(interaction: Interaction, came_from: Dossier) -> dict[str, Any]:
    here, interaction.dossier = interaction.dossier, came_from
    facts = facts_when_logged(interaction)
    interaction.dossier = here
    return facts


def _move_what_is_owed(interaction: Interaction, facts: dict[str, Any], contact: Contact | None) -> None:
    """The open promises of this touch are the record's now; whoever was told already may open it there."""
    opened = [*facts.get("opened", []), *interaction.follow_ups.values_list("pk", flat=True)]
    moved = list(Commitment.objects.open().filter(pk__in=opened).order_by("pk"))
    Commitment.objects.filter(pk__in=[c.pk for c in moved]).update(
        dossier=interaction.dossier, home=interaction.home_id
    )
    move_grants(moved, to_home=interaction.home_id)
    if contact is not None:
        FollowUp.objects.filter(commitment__in=opened, contact=None).update(contact=contact)


def touch_clocks_on(interaction: Interaction) -> None:
    """Move the touch clocks forward."""
    if not interaction.is_touch:
        return
    for model, pk in ((Contact, interaction.contact_id), (Account, interaction.account_id)):
        behind = Q(last_touch_at=None) | Q(last_touch_at__lt=interaction.occurred_at)
        model.objects.filter(behind, pk=pk).update(last_touch_at=interaction.occurred_at)


def _record_sorted(
    interaction: Interaction, came_from: Dossier, consequences: dict[str, Any], by: Actor, at: datetime
) -> None:
    """The touch appears on its record's timeline at its own moment; where it was, it is said where it went."""
    record(
        kind=Event.Kind.LOGGED,
        dossiers=touched_dossiers(interaction),
        happened_at=interaction.occurred_at,
        facts=facts_of(interaction) | consequences | {"sorted": True},
        personal=personal_of(interaction),
        by=by,
        at=at,
    )
    record(
        kind=Event.Kind.CHANGED,
        dossiers=[came_from],
        facts={"interaction": interaction.pk, "changes": {"record": ["", ""]}},
        personal={"changes": {"record": [interaction.caller, interaction.dossier.title]}},
        by=by,
        at=at,
    )
