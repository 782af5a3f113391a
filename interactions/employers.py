"""A contact changes employer: history stays with the old home, the future moves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from contacts.actions import change_contact
from contacts.models import Contact, ContactRole
from crm.commitments.filing import put_many
from crm.commitments.models import Commitment
from crm.core.actor import Actor
from crm.core.refusals import Refused
from crm.dossiers.actions import Happening, record_many, refuse_archived
from crm.dossiers.models import Dossier, Event
from crm.handovers.actions import causes_of
from crm.poc.models import Assignment, Grant
from projects.models import Stakeholder


class SameEmployer(Refused):
    field = "account"
    code = "same_employer"
    default_message = _("They are there already.")


@transaction.atomic
def change_employer(
    *,
    contact: Contact,
    account: Account | None,
    roles: Sequence[ContactRole] = (),
    position: str = "",
    move_owed: bool = True,
    end_parts: bool = True,
    by: Actor,
    at: datetime,
) -> Contact:
    """Let a contact be at another account (None: at none), with their `roles` and `position` there.

    What happened stays where it happened. What is owed about them, on themselves or on the old
    account, goes with them, or (`move_owed` False) is owed on the old account; what is owed on a
    project of the old account stays with the project. Their parts in the old account's projects
    end, unless `end_parts` says that they keep them. Who answers for them by name goes on.
    Both accounts are told on their timelines. Constant queries.

    :raises SameEmployer: they are at `account` already.
    :raises Archived: the contact or `account` is archived.
    """
    contact = Contact.objects.select_related("dossier__home", "dossier__tier", "account__dossier").get(pk=contact.pk)
    old, was_home = contact.account, contact.dossier.home_id
    _refuse(contact, account)
    owed = owed_about(contact)
    ended = parts_at(contact) if end_parts else []
    if old is not None and not move_owed:
        put_many(commitments=[c for c in owed if c.dossier_id == contact.pk], to=old.dossier, by=by, at=at)
    moved = change_contact(
        contact=contact, name=contact.name, account=account, tier=contact.dossier.tier, roles=roles, position=position,
        by=by, at=at,
    )  # fmt: skip
    if move_owed:
        put_many(commitments=[c for c in owed if c.dossier_id != contact.pk], to=moved.dossier, by=by, at=at)
    _let_open(moved.dossier, was_home, at)
    Stakeholder.objects.filter(pk__one_of=[stake.pk for stake in ended]).delete()
    _record(moved, old, account, ended, by, at)
    return moved


def _refuse(contact: Contact, account: Account | None) -> None:
    """:raises SameEmployer, Archived: as `change_employer`."""
    if contact.account_id == (account.pk if account else None):
        raise SameEmployer
    refuse_archived(contact.dossier)
    refuse_archived(account.dossier if account else None, field="account")


def owed_about(contact: Contact) -> list[Commitment]:
    """Return what is owed on a contact, and about them on their account, soonest first. One query."""
    about = Q(dossier=contact.pk)
    if contact.account_id is not None:
        about |= Q(dossier=contact.account_id, follow_up__contact=contact.pk)
    return list(Commitment.objects.open().filter(about).for_list().order_by("due_at", "pk"))


def parts_at(contact: Contact) -> list[Stakeholder]:
    """Return a contact's parts in the projects of their account. One query, none without an account."""
    if contact.account_id is None:
        return []
    rows = Stakeholder.objects.filter(contact=contact, project__account=contact.account_id)
    return list(rows.select_related("role", "project__dossier").order_by("pk"))


def _let_open(dossier: Dossier, was_home: int | None, at: datetime) -> None:
    """Whoever was told that they answer for the contact may open the new home. Two queries."""
    answering = Assignment.objects.on(dossier).overlapping(at, None).values_list("pk", flat=True)
    Grant.objects.at(at).filter(cause__one_of=causes_of(answering), home=was_home).update(home=dossier.home_id)


def _record(
    contact: Contact, old: Account | None, new: Account | None, ended: Sequence[Stakeholder], by: Actor, at: datetime
) -> None:
    """Say it on both accounts, each at home where its readers are, and on the projects that lose somebody."""
    facts = {"contact": contact.pk, "employer": [old.pk if old else None, new.pk if new else None]}
    personal = {"contact": contact.name, "old": old.name if old else "", "new": new.name if new else ""}
    happenings = [
        Happening(Event.Kind.CHANGED, [place.dossier], at, facts, personal) for place in (old, new) if place is not None
    ]
    happenings += [
        Happening(
            Event.Kind.CHANGED, [stake.project.dossier], at,
            {"changes": {"stakeholder": [stake.role.name, ""]}, "contact": contact.pk}, {"contact": contact.name},
        )
        for stake in ended
    ]  # fmt: skip
    record_many(happenings, by=by, at=at)
