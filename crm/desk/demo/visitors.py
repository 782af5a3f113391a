"""Sign-ins on what was imported, one per kind of user: as the people who answer there, where there are some."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, Q

from crm.core.actor import Actor
from crm.desk.demo.build import Told
from crm.desk.demo.house import TOKEN_DAYS, SignIn
from crm.dossiers.firm import set_up
from crm.poc.actions import add_member, change_poc, open_person
from crm.poc.models import PointOfContact
from crm.users import roles, tokens
from crm.users.actions import open_user
from crm.users.models import ApiToken, User

DOMAIN = "visitors.invalid"  # RFC 2606: never handed to a mail server


@transaction.atomic
def let_in(*, at: datetime) -> Told:
    """Open a sign-in for each role: account manager is the lead of a team, rep and project manager answer for most.

    The administrator is at the front desk; for roles nobody was imported for, there is a new person.
    """
    by = Actor.system()
    set_up(name="Imported", country="", zone="UTC", language="en", by=by, at=at)
    leads, others = _answering(is_lead=True), _answering(is_lead=False)
    chosen = {roles.ACCOUNT_MANAGER: leads[:1], roles.SALES_REP: others[:1], roles.PROJECT_MANAGER: others[1:2]}
    sign_ins, users = [], {}
    for role, label in roles.LABELS.items():
        user, password = _open(role, next(iter(chosen.get(role, [])), None), by, at)
        users[role] = user
        sign_ins.append(SignIn(str(label), user.email, password))
    admin = users[roles.ADMINISTRATOR]
    add_member(team=PointOfContact.objects.house().get(), member=admin.poc, by=by, at=at)
    expires_at = at + timedelta(days=TOKEN_DAYS)
    _token, secret = tokens.make(
        user=admin, name="A first try", scopes=ApiToken.Scope.values, expires_at=expires_at, by=by, at=at
    )
    return Told(sign_ins, secret)


def _answering(*, is_lead: bool) -> list[PointOfContact]:
    """The two people who answer for most now, among the leads of teams or among the others."""
    open_now = Count("assignments", filter=Q(assignments__ends_at=None))
    people = PointOfContact.objects.people().active().filter(user=None)
    leads = PointOfContact.objects.teams().exclude(lead=None).values("lead")
    people = people.filter(pk__in=leads) if is_lead else people.exclude(pk__in=leads)
    return list(people.annotate(n_held=open_now).order_by("-n_held", "pk")[:2])


def _open(role: str, poc: PointOfContact | None, by: Actor, at: datetime) -> tuple[User, str]:
    password = secrets.token_urlsafe(12)
    email = poc.email if poc and poc.email else f"{role.replace('_', '-')}@{DOMAIN}"
    name = poc.name if poc else str(roles.LABELS[role])
    user = open_user(email=email, name=name, role=role, password=password, by=by, at=at)
    if poc:
        change_poc(poc=poc, user=user, by=by, at=at)
    else:
        open_person(user=user, by=by, at=at)
    return user, password
