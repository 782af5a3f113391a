"""The way out of digests that mail programs offer beside the sender's name: RFC 2369, RFC 2919, RFC 8058."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.core import signing

from crm.commitments.models import Notification
from crm.commitments.telling import groups
from crm.outbox.letters import domain
from crm.outbox.models import Message

SALT = "crm.commitments.mail.unsubscribing"
LASTS = timedelta(days=90)
EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class WayOut:
    """Which groups of notices a POC wants no more by mail, where it asks so until the link ends."""

    poc_id: int
    groups: Collection[str]
    expires_at: datetime


def headers(message: Message, said: Sequence[Notification]) -> Mapping[str, str]:
    """Return the headers of a digest; none but the name of the list where nothing in it can be switched off."""
    named = {"List-Id": f"Liaison <digest.{domain()}>"}
    found = sorted({groups.group_of(n.kind) for n in said} - set(groups.AT_ONCE))
    if not found:
        return named
    out = WayOut(message.recipient_id, found, message.created_at + LASTS)
    return named | {
        "List-Unsubscribe": f"<{address(out)}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def address(out: WayOut) -> str:
    """Return the whole address at which it is switched off."""
    return f"{settings.PUBLIC_URL}/o/fewer/{token(out)}/"


def token(out: WayOut) -> str:
    """Write it as it stands in its address."""
    parts = [signing.b62_encode(out.poc_id), signing.b62_encode((out.expires_at - EPOCH) // SECOND), *out.groups]
    return _signer().sign("-".join(parts))


def read(token: str) -> WayOut | None:
    """Return what was written so by us; None: by somebody else."""
    try:
        poc_id, expires, *found = _signer().unsign(token).split("-")
    except signing.BadSignature:
        return None
    return WayOut(signing.b62_decode(poc_id), found, EPOCH + signing.b62_decode(expires) * SECOND)


def _signer() -> signing.Signer:
    return signing.Signer(salt=SALT, sep=".")
