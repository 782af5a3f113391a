"""Log somebody nobody knew yet: the contact, perhaps the firm, and the touch, all at once or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from accounts.actions import open_account
from accounts.models import Account
from contacts.actions import open_contact
from crm.commitments.models import Commitment
from crm.core.actor import Actor
from interactions.actions import Logged, Touch, log
from interactions.follow_ups import NewFollowUp
from interactions.models import Interaction


@dataclass(frozen=True, slots=True)
class NewCaller:
    """Who was on the line; `account` is known, or `firm` names one to open, or neither."""

    name: str
    phone: str = ""
    email: str = ""
    account: Account | None = None
    firm: str = ""


class _Overtaken(Exception):
    """Another try with the same client key saved it in the meantime."""

    def __init__(self, logged: Logged) -> None:
        self.logged = logged


def log_new_caller(
    *,
    caller: NewCaller,
    touch: Touch,
    follow_up: NewFollowUp | None = None,
    settles: Sequence[Commitment] = (),
    by: Actor,
    at: datetime,
) -> Logged:
    """Open the contact, and the firm where it is new, and log the touch. The same client key is saved once.

    :raises NameRequired: the caller has no name.
    :raises BadPhone: the number has hardly a digit.
    :raises BadEmail: the address is none.
    :raises Refused: as `log`.
    """
    if touch.client_key and Interaction.objects.filter(client_key=touch.client_key).exists():
        return log(touch=touch, by=by, at=at)
    try:
        with transaction.atomic():
            return _log(caller, touch, follow_up, settles, by, at)
    except _Overtaken as overtaken:
        return overtaken.logged


def _log(
    caller: NewCaller,
    touch: Touch,
    follow_up: NewFollowUp | None,
    settles: Sequence[Commitment],
    by: Actor,
    at: datetime,
) -> Logged:
    account = caller.account
    if account is None and caller.firm.strip():
        account = open_account(name=caller.firm, by=by, at=at)
    touch.contact = open_contact(
        name=caller.name,
        account=account,
        phones=[caller.phone] if caller.phone else [],
        emails=[caller.email] if caller.email else [],
        by=by,
        at=at,
    )
    touch.account, touch.caller = account, ""
    logged = log(touch=touch, follow_up=follow_up, settles=settles, by=by, at=at)
    if not logged.is_new:
        raise _Overtaken(logged)
    return logged
