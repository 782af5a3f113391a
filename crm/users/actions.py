"""Let people sign in, with a role."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.core.actor import Actor
from crm.core.refusals import Refused
from crm.dossiers.actions import NameRequired, change_fields, record
from crm.dossiers.models import Event
from crm.users.models import User
from crm.users.roles import ADMINISTRATOR, LABELS, OPENS_ADMINISTRATION


class BadAddress(Refused):
    field = "email"
    code = "bad_email"
    default_message = _("This is not an e-mail address: %(value)s")


class SignsInAlready(Refused):
    field = "email"
    code = "signs_in_already"
    default_message = _("Somebody signs in with this address already: %(value)s")


class NoSuchRole(Refused):
    field = "role"
    code = "no_such_role"
    default_message = _("There is no such role.")


class LastAdministrator(Refused):
    field = "groups"
    code = "last_administrator"
    default_message = _("Somebody who is active must remain an administrator.")


class StillAnswers(Refused):
    field = "is_active"
    code = "still_answers"
    default_message = _(
        "%(name)s still answers as a point of contact. Let them leave there: you are asked who follows."
    )


@transaction.atomic
def open_user(
    *,
    email: str,
    name: str,
    role: str,
    password: str | None = None,
    language: str = "",
    time_zone: str = "",
    by: Actor,
    at: datetime,
) -> User:
    """Let somebody sign in with a shipped role; without a password they ask for one by mail.

    :raises NameRequired: `name` is blank.
    :raises BadAddress: `email` is no address.
    :raises SignsInAlready: somebody has this address, whatever the case.
    :raises NoSuchRole: `role` is none of crm.users.roles.
    """
    name, email = " ".join(name.split()), tidy_address(email)
    if not name:
        raise NameRequired
    if role not in LABELS:
        raise NoSuchRole
    if User.objects.filter(email=email).exists():
        raise SignsInAlready(SignsInAlready.default_message % {"value": email})
    own = {"language": language, "time_zone": time_zone, "is_staff": role in OPENS_ADMINISTRATION}
    user = User.objects.create_user(email, password, name=name, joined_at=at, **own)
    user.groups.add(Group.objects.get(name=role))
    facts = {"kind": "user", "user": user.pk, "role": role}
    record(kind=Event.Kind.CREATED, dossiers=[], by=by, at=at, facts=facts, personal={"name": name, "email": email})
    return user


@transaction.atomic
def change_user(
    *,
    user: User,
    name: str,
    email: str,
    groups: Collection[Group],
    language: str = "",
    time_zone: str = "",
    by: Actor,
    at: datetime,
) -> User:
    """Change who somebody is and what they may; see `set_active` for whether they sign in.

    :raises NameRequired: `name` is blank.
    :raises BadAddress: `email` is no address.
    :raises SignsInAlready: somebody else has this address.
    :raises LastAdministrator: nobody who is active would be an administrator any more.
    """
    locked = User.objects.select_for_update(of=("self",), no_key=True).get(pk=user.pk)
    name, email = " ".join(name.split()), tidy_address(email)
    if not name:
        raise NameRequired
    if User.objects.exclude(pk=user.pk).filter(email=email).exists():
        raise SignsInAlready(SignsInAlready.default_message % {"value": email})
    before = list(locked.groups.order_by("name"))
    staff = locked.is_superuser or any(group.name in OPENS_ADMINISTRATION for group in groups)
    fields = {"language": language, "time_zone": time_zone, "is_staff": staff}
    changes = change_fields(locked, fields)
    personal = change_fields(locked, {"name": name, "email": email})
    if {g.pk for g in before} != {g.pk for g in groups}:
        locked.groups.set(groups)
        changes["groups"] = [", ".join(g.name for g in before), ", ".join(sorted(g.name for g in groups))]
    locked.save()
    _refuse_no_administrator()
    if changes or personal:
        facts = {"kind": "user", "user": user.pk, "changes": changes | {key: ["", ""] for key in personal}}
        values = {"name": name, "changes": personal}
        record(kind=Event.Kind.CHANGED, dossiers=[], by=by, at=at, facts=facts, personal=values)
    return locked


@transaction.atomic
def set_active(*, user: User, is_active: bool, by: Actor, at: datetime) -> User:
    """Let somebody sign in or not; their open pages and API tokens stop at once. They are never deleted.

    As it is already: nothing happens.

    :raises StillAnswers: they are a point of contact who answers; `crm.handovers.leaving` ends both.
    :raises LastAdministrator: nobody who is active would be an administrator any more.
    """
    locked = User.objects.select_for_update(of=("self",), no_key=True).get(pk=user.pk)
    changes = change_fields(locked, {"is_active": is_active})
    if not changes:
        return locked
    poc = getattr(locked, "poc", None)
    if not is_active and poc is not None and poc.deactivated_at is None:
        raise StillAnswers(StillAnswers.default_message % {"name": locked.name})
    locked.save(update_fields=["is_active"])
    _refuse_no_administrator()
    facts = {"kind": "user", "user": user.pk, "changes": changes}
    record(kind=Event.Kind.CHANGED, dossiers=[], by=by, at=at, facts=facts, personal={"name": locked.name})
    return locked


def _refuse_no_administrator() -> None:
    """:raises LastAdministrator: nobody who is active is one."""
    if not User.objects.filter(Q(groups__name=ADMINISTRATOR) | Q(is_superuser=True), is_active=True).exists():
        raise LastAdministrator


def tidy_address(email: str) -> str:
    """Return an address as it is kept.

    :raises BadAddress: it is none.
    """
    email = email.strip().lower()
    try:
        validate_email(email)
    except ValidationError as error:
        raise BadAddress(BadAddress.default_message % {"value": email}) from error
    return email
