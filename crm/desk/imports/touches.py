"""Touches with accounts: orders, visits, whatever happened on a day through somebody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from accounts.models import Account
from contacts.models import Contact
from crm.desk.imports.report import Result, Verdict
from crm.desk.imports.rows import BadRow, InteractionRow
from crm.desk.imports.target import Target, refuse_long
from crm.dossiers.models import Channel, Purpose, Topic
from crm.poc.models import PointOfContact
from interactions.corrections import withdraw
from interactions.history import PastTouch, log_many
from interactions.models import Interaction


@dataclass(frozen=True, slots=True)
class Found:
    """What the rows refer to, by external id, and what was imported of them before."""

    accounts: Mapping[str, Account]
    contacts: Mapping[str, Contact]
    pocs: Mapping[str, PointOfContact]
    touches: Mapping[str, Interaction]


def write(rows: Sequence[InteractionRow], target: Target) -> list[Verdict]:
    """Log the touches that are new; one that is told otherwise now is withdrawn, and logged anew."""
    found = Found(
        accounts=target.accounts([row.account for row in rows]),
        contacts=target.known(Contact.objects.select_related("dossier", "account"), [row.contact for row in rows]),
        pocs=target.known(PointOfContact.objects.all(), [row.poc for row in rows]),
        touches=target.known(Interaction.objects.select_related("account"), [row.external_id for row in rows]),
    )
    for row in rows:
        _refuse(row, found, target)
    changed = {row.external_id: what for row in rows if (what := _changes(row, found, target))}
    for external_id in changed:
        touch = found.touches[external_id]
        Interaction.objects.filter(pk=touch.pk).update(external_id=f"{external_id}:{touch.pk}")  # its place is free
        withdraw(interaction=touch, by=target.by, at=target.at)
    new = [row for row in rows if row.external_id in changed or row.external_id not in found.touches]
    log_many(touches=_past(new, found, target), by=target.by, at=target.at)
    return [_verdict(row, found, changed) for row in rows]


def _refuse(row: InteractionRow, found: Found, target: Target) -> None:
    if row.account not in found.accounts:
        raise BadRow(_("Its account was not brought in: %(name)s.") % {"name": row.account})
    if row.poc not in found.pocs:
        raise BadRow(_("Who answers was not brought in: %(name)s.") % {"name": row.poc})
    target.moment(row.on)
    refuse_long(Interaction, external_id=row.external_id)


def _changes(row: InteractionRow, found: Found, target: Target) -> str:
    """Say what is told otherwise now, in the report's words; "" where nothing is, or it is new."""
    touch = found.touches.get(row.external_id)
    if touch is None or touch.withdrawn_at is not None:
        return ""
    before = (touch.occurred_at.astimezone(ZoneInfo(target.zone)).date(), touch.home_id, touch.poc_id, touch.note)
    now = (row.on, found.accounts[row.account].pk, found.pocs[row.poc].pk, row.note)
    return _("was: %(note)s") % {"note": touch.note} if before != now else ""


def _past(rows: Sequence[InteractionRow], found: Found, target: Target) -> list[PastTouch]:
    channel, general = Channel.objects.get(code="other"), Topic.objects.get(code=Topic.GENERAL)
    purposes = {purpose.code: purpose for purpose in Purpose.objects.all()}
    ways = {True: Interaction.Direction.INBOUND, False: Interaction.Direction.OUTBOUND}
    touches = []
    for row in rows:
        account, contact = found.accounts[row.account], found.contacts.get(row.contact)
        there = contact if contact and contact.account_id == account.pk else None  # they may have moved on since
        touches.append(
            PastTouch(
                channel=channel, direction=ways[row.is_inbound], topic=general, account=account, contact=there,
                purpose=purposes[row.purpose], occurred_at=target.moment(row.on), note=row.note,
                source=target.source, external_id=row.external_id, through=found.pocs[row.poc],
            )
        )  # fmt: skip
    return touches


def _verdict(row: InteractionRow, found: Found, changed: Mapping[str, str]) -> Verdict:
    record = _("interaction")
    if row.external_id in changed:
        return Verdict(row.origin, record, Result.UPDATED, changed[row.external_id])
    known = row.external_id in found.touches
    return Verdict(row.origin, record, Result.UNCHANGED if known else Result.CREATED)
