"""The addresses in mails by which a reader acts with one tap: signed, for one act by one person on one thing.

An address says everything by itself and nothing is kept of it. It holds no clock of its own making:
copies of a mail have the same addresses. Whoever opens one is asked once more; only the POST acts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core import signing
from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.commitments import ladder
from crm.commitments.models import OWNER_KEPT, Commitment, Kind
from crm.core.working_time import WorkingTime, combine

SALT = "crm.commitments.mail.links"
LASTS = timedelta(days=7)  # after the due moment, or after the mail where that is later
MORNING = time(9)
EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
State = Commitment.State


class Act(models.TextChoices):
    """What a link does; the value stands in its address."""

    DONE = "d", _("Done")
    ON_IT = "a", _("I am on it")
    LATER = "s", _("Later")
    WAIT = "w", _("Waiting")
    GO_ON = "g", _("It goes on")


@dataclass(frozen=True, slots=True)
class Link:
    """One act, by one person, on one thing owed, while it is due at this moment, until the link ends.

    Moments are whole minutes. `due_at` tells the turns of what is owed again and again apart.
    """

    act: Act
    commitment_id: int
    poc_id: int
    due_at: datetime
    expires_at: datetime


def offered(commitment: Commitment) -> Sequence[Act]:
    """Return what can be done about it with one tap, the likeliest first."""
    if commitment.is_closed or commitment.kind == Kind.HANDOVER:  # decided on a page of its own
        return ()
    if commitment.kind in OWNER_KEPT:
        return (Act.ON_IT, Act.LATER)
    if commitment.state == State.WAITING:
        return (Act.GO_ON, Act.DONE)
    return (Act.DONE, Act.ON_IT, Act.LATER, Act.WAIT)


def link_to(commitment: Commitment, act: Act, *, poc_id: int, written_at: datetime, zone: str) -> Link:
    """Return the link for a mail written at `written_at` to `poc_id`, who lives in `zone`."""
    expires_at = ends_at(commitment, written_at=written_at, zone=zone)
    return Link(act, commitment.pk, poc_id, whole_minute(commitment.due_at), expires_at)


def ends_at(commitment: Commitment, *, written_at: datetime, zone: str) -> datetime:
    """Return until when the links of a mail work: the end of a day in its reader's zone."""
    last = max(commitment.due_at, written_at) + LASTS
    return combine(zone, last.astimezone(ZoneInfo(zone)).date() + timedelta(days=1), time(0))


def address(link: Link) -> str:
    """Return the whole address of a link."""
    return f"{settings.PUBLIC_URL}/o/{token(link)}/"


def token(link: Link) -> str:
    """Write a link as it stands in its address."""
    numbers = (link.commitment_id, link.poc_id, _minutes(link.due_at), _minutes(link.expires_at))
    return _signer().sign("-".join([link.act.value, *map(signing.b62_encode, numbers)]))


def read(token: str) -> Link | None:
    """Return the link that was written so by us; None: by somebody else."""
    try:
        act, *numbers = _signer().unsign(token).split("-")
    except signing.BadSignature:
        return None
    commitment_id, poc_id, due, expires = map(signing.b62_decode, numbers)
    return Link(Act(act), commitment_id, poc_id, EPOCH + due * MINUTE, EPOCH + expires * MINUTE)


def next_morning(at: datetime, working: WorkingTime) -> datetime:
    """Return nine o'clock of the next open day, or its opening where that is later."""
    today = at.astimezone(ZoneInfo(working.zone)).date()
    return ladder.shift(working.combine(today, MORNING), 1, ladder.WORKING_DAYS, working)


def whole_minute(at: datetime) -> datetime:
    """Return the minute that `at` lies in, as links know moments."""
    return EPOCH + _minutes(at) * MINUTE


def _signer() -> signing.Signer:
    return signing.Signer(salt=SALT, sep=".")


def _minutes(at: datetime) -> int:
    return max(0, (at - EPOCH) // MINUTE)
