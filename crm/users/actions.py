"""Let people sign in, with a role."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm.core.actor import Actor
from crm.core.refusals import Refused
from crm.dossiers.actions import NameRequired, record
from crm.dossiers.models import Event
from crm.users.models import User
from crm.users.roles import LABELS, OPENS_ADMINISTRATION


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
    name, email = " ".join(name.split()), email.strip().lower()
    if not name:
        raise NameRequired
    if role not in LABELS:
        raise NoSuchRole
    try:
        validate_email(email)
    except ValidationError as error:
        raise BadAddress(BadAddress.default_message % {"value": email}) from error
    if User.objects.filter(email=email).exists():
        raise SignsInAlready(SignsInAlready.default_message % {"value": email})
    own = {"language": language, "time_zone": time_zone, "is_staff": role in OPENS_ADMINISTRATION}
    user = User.objects.create_user(email, password, name=name, joined_at=at, **own)
    user.groups.add(Group.objects.get(name=role))
    facts = {"kind": "user", "user": user.pk, "role": role}
    record(kind=Event.Kind.CREATED, dossiers=[], by=by, at=at, facts=facts, personal={"name": name, "email": email})
    return user
