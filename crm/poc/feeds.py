"""The link to one's own calendar of what is owed: made, opened, ended. One counts at a time."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from crm.core.actor import Actor
from crm.core.clock import Now
from crm.core.refusals import Refused
from crm.dossiers.models import Event, Firm
from crm.poc.models import PointOfContact, ShareLink
from crm.poc.sharing import LONGEST, PREFIX, Field, record_share, unshare
from crm.users.tokens import digest

if TYPE_CHECKING:
    from crm.users.models import User

VIEWS = "commitments.view_commitment"


class OwesNothing(Refused):
    code = "owes_nothing"
    default_message = _("You answer for nothing here: an administrator can make you a point of contact.")


@transaction.atomic
def make_feed(*, user: User, with_names: bool, by: Actor, at: datetime) -> tuple[ShareLink, str]:
    """Make the link to `user`'s calendar, ending the one before; return it and its secret.

    Nobody can show the secret again. It counts for two years. Without `with_names` the calendar
    says that something is due, and not what.

    :raises OwesNothing: they are no point of contact.
    """
    poc = PointOfContact.objects.select_for_update(no_key=True).of_user(user).filter(deactivated_at=None).first()
    if poc is None:
        raise OwesNothing
    end_feed(user=user, by=by, at=at)
    secret = secrets.token_urlsafe(32)  # 256 bits
    link = ShareLink.objects.create(
        kind=ShareLink.Kind.FEED, poc=poc, shown=[Field.NAME] if with_names else [],
        language=user.language or Firm.objects.values_list("language", flat=True).get(), prefix=secret[:PREFIX],
        digest=digest(secret), created_by=by.user, created_at=at, expires_at=at + LONGEST,
    )  # fmt: skip
    record_share(Event.Kind.SHARED, link, by, at)
    return link, secret


@transaction.atomic
def end_feed(*, user: User, by: Actor, at: datetime) -> None:
    """Let the link to `user`'s calendar open nothing any more. There is none: nothing happens."""
    for link in ShareLink.objects.feeds_of(user).filter(revoked_at=None).select_related("poc", "dossier"):
        unshare(link=link, by=by, at=at)


def feed_of(user: User) -> ShareLink | None:
    """Return the link to `user`'s calendar, expired or not; None where they made none, or ended it. One query."""
    return ShareLink.objects.feeds_of(user).filter(revoked_at=None).first()


def feed_opened_by(secret: str) -> ShareLink | None:
    """Return the calendar's link that this secret opens now, with `now`, the moment it was looked at. One query.

    One that never was, has expired, was ended, or whose owner is no longer with us is None alike,
    and costs the same.
    """
    rows = ShareLink.objects.valid().filter(
        kind=ShareLink.Kind.FEED, poc__deactivated_at=None, poc__user__is_active=True, digest=digest(secret)
    )
    return rows.select_related("poc__user").annotate(now=Now()).first()


def feed_address(secret: str) -> str:
    """Return where other programs read the calendar with this secret."""
    return settings.PUBLIC_URL + reverse("desk:feed", args=[secret])


def subscribing(address: str) -> str:
    """Return the same address in the form that opens a calendar program instead of a browser."""
    return urlsplit(address)._replace(scheme="webcal").geturl()
