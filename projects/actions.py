"""Open and change projects and their stakeholders."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from contacts.models import Contact, ContactRole
from crm.commitments.filing import follow
from crm.core.actor import Actor
from crm.core.refusals import Refused
from crm.dossiers.actions import (
    Filing,
    Happening,
    change_fields,
    file_many,
    record,
    record_many,
    refile,
    refuse_archived,
)
from crm.dossiers.models import Dossier, Event, Tier
from projects.models import Project, Stakeholder


class EndsBeforeStart(Refused):
    field = "ends_on"
    code = "ends_before_start"
    default_message = _("The end lies before the start.")


class AccountRequired(Refused):
    field = "account"
    code = "account_required"
    default_message = _("A project belongs to an account: name one.")


class AlreadyStakeholder(Refused):
    field = "contact"
    code = "already_stakeholder"
    default_message = _("This contact has this role in the project already.")


@dataclass(slots=True)
class NewProject:
    """One project to open; `fields` are the project's own columns."""

    name: str
    account: Account
    tier: Tier | None = None
    fields: dict[str, Any] = field(default_factory=dict)


@transaction.atomic
def open_project(
    *, name: str, account: Account | None, tier: Tier | None = None, by: Actor, at: datetime, **fields: Any
) -> Project:
    """Open a project for an account.

    :raises NameRequired: `name` is blank.
    :raises AccountRequired: `account` is None.
    :raises EndsBeforeStart: `ends_on` lies before `starts_on`.
    """
    if account is None:
        raise AccountRequired
    return open_projects(projects=[NewProject(name, account, tier, fields)], by=by, at=at)[0]


@transaction.atomic
def open_projects(*, projects: Iterable[NewProject], by: Actor, at: datetime) -> list[Project]:
    """Open projects in bulk; five statements a thousand."""
    new = list(projects)
    for n in new:
        refuse_bad_dates(n.fields.get("starts_on"), n.fields.get("ends_on"))
    dossiers = file_many(Filing(Dossier.Kind.PROJECT, n.name, n.account.dossier, n.tier) for n in new)
    opened = [Project(dossier=d, account=n.account, **n.fields) for d, n in zip(dossiers, new, strict=True)]
    Project.objects.bulk_create(opened, batch_size=1000)
    happenings = [
        Happening(
            Event.Kind.CREATED, [p.dossier, p.account.dossier], at, {"kind": "project"}, {"name": p.dossier.title}
        )
        for p in opened
    ]
    record_many(happenings, by=by, at=at)
    return opened


@transaction.atomic
def change_project(
    *, project: Project, name: str, account: Account | None, tier: Tier | None = None, by: Actor, at: datetime,
    **fields: Any,
) -> Project:  # fmt: skip
    """Change a project; records old → new of what differs.

    :raises NameRequired: `name` is blank.
    :raises AccountRequired: `account` is None.
    :raises EndsBeforeStart: it would end before it starts.
    """
    if account is None:
        raise AccountRequired
    locked = Project.objects.select_for_update(of=("self",), no_key=True).get(pk=project.pk)
    refuse_bad_dates(fields.get("starts_on", locked.starts_on), fields.get("ends_on", locked.ends_on))
    dossier = refile(dossier=locked.dossier, title=name, parent=account.dossier, tier=tier, by=by, at=at)
    changes = change_fields(locked, fields | {"account": account})
    if changes:
        locked.save(update_fields=list(changes))
    if changes.pop("account", None):  # said by refile already
        follow(dossier_ids=[dossier.pk], home_id=dossier.home_id)
    if changes:
        record(kind=Event.Kind.CHANGED, dossiers=[dossier], by=by, at=at, facts={"changes": changes})
    locked.dossier = dossier
    return locked


def refuse_bad_dates(starts_on: date | None, ends_on: date | None) -> None:
    """:raises EndsBeforeStart: the end lies before the start."""
    if starts_on and ends_on and ends_on < starts_on:
        raise EndsBeforeStart


@transaction.atomic
def add_stakeholder(
    *,
    project: Project,
    contact: Contact,
    role: ContactRole,
    influence: str = Stakeholder.Influence.MEDIUM,
    by: Actor,
    at: datetime,
) -> Stakeholder:
    """Give a contact a part in a project.

    :raises AlreadyStakeholder: they have it already.
    :raises Archived: one of them is archived.
    """
    Project.objects.select_for_update(of=("self",), no_key=True).get(pk=project.pk)
    refuse_archived(contact.dossier, field="contact")
    refuse_archived(project.dossier, field="project")
    if project.stakeholders.filter(contact=contact, role=role).exists():
        raise AlreadyStakeholder
    stakeholder = Stakeholder.objects.create(project=project, contact=contact, role=role, influence=influence)
    facts = {"changes": {"stakeholder": ["", role.name]}, "contact": contact.pk}
    personal = {"contact": contact.dossier.title}
    record(kind=Event.Kind.CHANGED, dossiers=[project.dossier], by=by, at=at, facts=facts, personal=personal)
    return stakeholder


@transaction.atomic
def remove_stakeholder(*, stakeholder: Stakeholder, by: Actor, at: datetime) -> None:
    """Take a contact's part in a project away."""
    facts = {"changes": {"stakeholder": [stakeholder.role.name, ""]}, "contact": stakeholder.contact_id}
    personal = {"contact": stakeholder.contact.dossier.title}
    dossier = stakeholder.project.dossier
    stakeholder.delete()
    record(kind=Event.Kind.CHANGED, dossiers=[dossier], by=by, at=at, facts=facts, personal=personal)
