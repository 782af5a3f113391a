"""Share a card, or who to contact for a record, with somebody outside; and take it back."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.core.actor import Actor
from crm.core.clock import Now
from crm.core.refusals import Refused
from crm.dossiers.actions import record
from crm.dossiers.models import Dossier, Event, Firm
from crm.poc.models import PointOfContact, ShareLink
from crm.poc.visibility import visible_homes
from crm.users.tokens import digest

if TYPE_CHECKING:
    from crm.users.models import User

PREFIX = 6  # characters of a secret that are kept to know it by
LABEL = 100  # characters, as the column
USUAL = timedelta(days=90)
LONGEST = timedelta(days=2 * 365 + 1)
NOTED = timedelta(minutes=1)  # how exact "last opened" is
RECORDS = {Dossier.Kind.ACCOUNT: "accounts.change_account", Dossier.Kind.PROJECT: "projects.change_project"}


class Field(models.TextChoices):
    """What a shared page may say of whoever answers."""

    NAME = "name", _("name")
    TOPIC = "topic", _("what they answer for")
    PHONE = "phone", _("phone")
    EMAIL = "email", _("e-mail")
    LANGUAGES = "languages", _("languages")
    HOURS = "hours", pgettext_lazy("opening", "hours")
    BACKUP = "backup", _("backup")


USUALLY_SHOWN = [Field.NAME, Field.TOPIC, Field.PHONE, Field.EMAIL, Field.HOURS]


class NoReach(Refused):
    field = "shown"
    code = "no_reach"
    default_message = _("Show a phone number or an e-mail address: else nobody could be reached.")


class NotShareable(Refused):
    code = "not_shareable"
    default_message = _("A card, an account or a project can be shared, nothing else.")


class Expired(Refused):
    field = "expires_at"
    code = "expired"
    default_message = _("The end must lie ahead.")


class TooLong(Refused):
    field = "expires_at"
    code = "too_long"
    default_message = _("A link may count for two years at most.")


@transaction.atomic
def share(
    *,
    of: PointOfContact | Dossier,
    shown: Iterable[str],
    label: str = "",
    language: str = "",
    expires_at: datetime | None = None,
    by: Actor,
    at: datetime,
) -> tuple[ShareLink, str]:
    """Share a card, or who to contact for an account or a project; return the link and its secret.

    Nobody can show the secret again. Without `expires_at` it counts for 90 days; without `language`
    the page is in the firm's.

    :raises NotShareable: it is a record of another kind, or archived.
    :raises NoReach: `shown` names neither phone nor e-mail.
    :raises Expired: `expires_at` does not lie after `at`.
    :raises TooLong: it lies more than two years ahead.
    """
    wanted = set(shown)
    expires_at = at + USUAL if expires_at is None else expires_at
    _refuse(of, wanted, expires_at, at)
    secret = secrets.token_urlsafe(32)  # 256 bits
    link = ShareLink.objects.create(
        **_subject(of), label=" ".join(label.split())[:LABEL], shown=[f for f in Field.values if f in wanted],
        language=language or Firm.objects.values_list("language", flat=True).get(), prefix=secret[:PREFIX],
        digest=digest(secret), created_by=by.user, created_at=at, expires_at=expires_at,
    )  # fmt: skip
    record_share(Event.Kind.SHARED, link, by, at)
    return link, secret


@transaction.atomic
def unshare(*, link: ShareLink, by: Actor, at: datetime) -> None:
    """Let a link open nothing any more. Revoked already: nothing happens."""
    if ShareLink.objects.filter(pk=link.pk, revoked_at=None).update(revoked_at=at):
        record_share(Event.Kind.UNSHARED, link, by, at)


def address(secret: str) -> str:
    """Return where a link with this secret leads."""
    return settings.PUBLIC_URL + reverse("poc:shared", args=[secret])


def opened_by(secret: str) -> ShareLink | None:
    """Return the link that this secret opens now, with `now`, the moment it was looked at. One query.

    One that never was, has expired or was revoked is None alike, and costs the same.
    """
    rows = ShareLink.objects.valid().pages().select_related("poc", "dossier").annotate(now=Now())
    return rows.filter(digest=digest(secret)).first()


def note_opened(link: ShareLink, *, at: datetime) -> None:
    """Count that somebody opened it: once a minute at most, so that many readers hardly write."""
    if link.opened_at is None or link.opened_at <= at - NOTED:
        stale = Q(opened_at=None) | Q(opened_at__lte=at - NOTED)
        ShareLink.objects.filter(stale, pk=link.pk).update(opened=F("opened") + 1, opened_at=at)


def cared_for(user: User) -> models.QuerySet[PointOfContact]:
    """Narrow to those whose card `user` may share, whether they still answer or not."""
    return PointOfContact.objects.cared_for_by(user)


def may_share_card(user: User, poc: PointOfContact) -> bool:
    """True when `user` may share this card."""
    return cared_for(user).filter(pk=poc.pk).exists()


def may_share_record(user: User, dossier: Dossier) -> bool:
    """True when `user` may say outside who to contact for this record, which they see already."""
    permission = RECORDS.get(Dossier.Kind(dossier.kind))
    return permission is not None and user.has_perm(permission)


def links_of(user: User) -> models.QuerySet[ShareLink]:
    """Narrow to the links `user` may see and revoke: of cards and records they may share, and their own calendar."""
    kinds = [kind for kind, permission in RECORDS.items() if user.has_perm(permission)]
    homes = visible_homes(user)
    of_records = Q(dossier__kind__in=kinds)
    if homes is not None:
        of_records &= Q(dossier__home__one_of=homes)
    rows = ShareLink.objects.select_related("poc", "dossier", "created_by")
    of_cards = Q(kind=ShareLink.Kind.CARD, poc__in=cared_for(user).values("pk"))
    return rows.filter(of_records | of_cards | Q(kind=ShareLink.Kind.FEED, poc__user=user))


def record_share(kind: str, link: ShareLink, by: Actor, at: datetime) -> None:
    """Record that a link was made, or taken back."""
    facts = {"kind": "share", "link": link.pk, "what": link.kind, "poc": link.poc_id, "shown": link.shown}
    record(
        kind=kind,
        dossiers=[link.dossier] if link.dossier else [],
        by=by,
        at=at,
        facts=facts | {"until": link.expires_at.isoformat()},
        personal={"label": link.label, "poc": link.poc.name if link.poc else ""},
    )


def _refuse(of: PointOfContact | Dossier, wanted: set[str], expires_at: datetime, at: datetime) -> None:
    if isinstance(of, Dossier) and (of.kind not in RECORDS or of.archived_at is not None):
        raise NotShareable
    if not wanted & {Field.PHONE, Field.EMAIL}:
        raise NoReach
    if expires_at <= at:
        raise Expired
    if expires_at > at + LONGEST:
        raise TooLong


def _subject(of: PointOfContact | Dossier) -> dict[str, Any]:
    if isinstance(of, Dossier):
        return {"kind": ShareLink.Kind.RECORD, "dossier": of}
    return {"kind": ShareLink.Kind.CARD, "poc": of}
