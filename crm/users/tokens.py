"""Make, check and revoke keys to the API."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.core.actor import Actor
from crm.core.clock import Now
from crm.core.refusals import Refused
from crm.dossiers.actions import record
from crm.dossiers.models import Event
from crm.users.models import ApiToken, User
from crm.users.reader import FIRM_LANGUAGE, FIRM_ZONE

START = "lia_"
SHOWN = len(START) + 6  # characters of a token that are kept to know it by
USE_NOTED = timedelta(minutes=1)  # how exact "last used" is


class NameRequired(Refused):
    field = "name"
    code = "name_required"
    default_message = _("Give it a name, to know later what it is for.")


class ScopeRequired(Refused):
    field = "scopes"
    code = "scope_required"
    default_message = _("Tick at least one thing that it may do.")


class Expired(Refused):
    field = "expires_at"
    code = "expired"
    default_message = _("The end must lie ahead.")


@transaction.atomic
def make(
    *, user: User, name: str, scopes: Iterable[str], expires_at: datetime | None, by: Actor, at: datetime
) -> tuple[ApiToken, str]:
    """Make a token for `user`; return it and its secret, which nobody can show again.

    :raises NameRequired: `name` is blank.
    :raises ScopeRequired: it could do nothing.
    :raises Expired: `expires_at` does not lie after `at`.
    """
    name, scopes = " ".join(name.split()), [s for s in ApiToken.Scope.values if s in set(scopes)]
    if not name:
        raise NameRequired
    if not scopes:
        raise ScopeRequired
    if expires_at is not None and expires_at <= at:
        raise Expired
    secret = START + secrets.token_urlsafe(32)  # 256 bits
    token = ApiToken.objects.create(
        user=user, name=name, prefix=secret[:SHOWN], digest=digest(secret), scopes=scopes, created_at=at,
        expires_at=expires_at,
    )  # fmt: skip
    _record(Event.Kind.CREATED, token, by, at)
    return token, secret


@transaction.atomic
def revoke(*, token: ApiToken, by: Actor, at: datetime) -> None:
    """Let a token open nothing any more. Revoked already: nothing happens."""
    if ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=at):
        _record(Event.Kind.WITHDRAWN, token, by, at)


def _record(kind: str, token: ApiToken, by: Actor, at: datetime) -> None:
    facts = {"kind": "token", "token": token.pk, "user": token.user_id, "scopes": token.scopes}
    record(kind=kind, dossiers=[], by=by, at=at, facts=facts, personal={"name": token.name})


def digest(secret: str) -> str:
    """What is kept of a secret. It is 256 random bits: no salt, no slow hash needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def check(secret: str) -> ApiToken | None:
    """Return the valid token with this secret, its user with the firm's zone and language, `now` the moment. One query.

    Once a minute one more, which notes the use.
    """
    rows = ApiToken.objects.valid().select_related("user")
    rows = rows.annotate(now=Now(), firm_zone=FIRM_ZONE, firm_language=FIRM_LANGUAGE)
    token = rows.filter(digest=digest(secret)).first()
    if token is None:
        return None
    moment: datetime = token.now  # type: ignore[attr-defined]  # annotated above
    token.user.firm_zone = token.firm_zone  # type: ignore[attr-defined]
    token.user.firm_language = token.firm_language  # type: ignore[attr-defined]
    if token.last_used_at is None or token.last_used_at <= moment - USE_NOTED:
        stale = Q(last_used_at=None) | Q(last_used_at__lte=moment - USE_NOTED)
        ApiToken.objects.filter(stale, pk=token.pk).update(last_used_at=moment)
    return token
