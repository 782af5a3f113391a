"""How somebody wants to be told: per group of notices, when the daily digest comes, and when no mail does."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, time
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from crm.commitments.telling import digests, groups
from crm.core.actor import Actor
from crm.core.refusals import Refused
from crm.dossiers.actions import change_fields, record
from crm.dossiers.models import Event
from crm.poc.models import PointOfContact
from crm.poc.preferences import NoticePreference

TIMES = ("digest_at", "quiet_from", "quiet_until")


class Way(models.TextChoices):
    """How a group of notices comes by mail; the inbox has it in any case."""

    AT_ONCE = "at_once", _("At once")
    DIGEST = groups.DIGEST, _("Daily digest")
    NEVER = groups.NEVER, _("Not by mail")


GROUPS: Mapping[str, tuple[Any, Any]] = {  # those one may choose for: what it is called, and what it is
    groups.REMINDERS: (_("Reminders"), _("What I owe falls due, or is overdue.")),
    groups.GIVEN: (_("Given to me"), _("Something was given or passed on to me, or handed over.")),
    groups.ANSWERS: (_("Who answers"), _("I answer for a record now, or no longer; I stand in for somebody.")),
    groups.NEWS: (_("News"), _("Somebody logged something for me; what happened while I was away.")),
}


class NoSuchGroup(Refused):
    field = "by_email"
    code = "no_such_group"
    default_message = _("There is no such group of notices, or it cannot be switched off: %(value)s")


class NoSuchWay(Refused):
    field = "by_email"
    code = "no_such_way"
    default_message = _("Notices come at once, in the daily digest, or not by mail.")


class QuietFromUntil(Refused):
    field = "quiet_until"
    code = "quiet_from_until"
    default_message = _("Say both from when and until when no mail is to come; they cannot be the same.")


def wishes_of(poc: PointOfContact) -> NoticePreference:
    """Return how a POC wants to be told; what is usual where they never said.

    One query, none where `preference` was loaded with the POC.
    """
    try:
        return poc.preference
    except NoticePreference.DoesNotExist:
        return NoticePreference(poc=poc)


@transaction.atomic
def prefer(
    *,
    poc: PointOfContact,
    by_email: Mapping[str, str],
    digest_at: time,
    quiet_from: time | None,
    quiet_until: time | None,
    by: Actor,
    at: datetime,
) -> NoticePreference:
    """Let a POC be told so from now on; what waits for their digest follows. As it is already: nothing happens.

    `by_email` gives groups of notices their `Way`; one that is left out comes at once.

    :raises NoSuchGroup: it is none of `GROUPS`: escalations and alarms always come at once.
    :raises NoSuchWay: one is none of `Way`.
    :raises QuietFromUntil: only one end of the quiet hours is given, or both are the same.
    """
    _refuse(by_email, quiet_from, quiet_until)
    wishes = wishes_of(PointOfContact.objects.select_for_update(no_key=True, of=("self",)).get(pk=poc.pk))
    chosen = {group: way for group, way in by_email.items() if way != Way.AT_ONCE}
    changes = _ways_changed(wishes.by_email, chosen)
    wishes.by_email = chosen
    times = {"digest_at": digest_at, "quiet_from": quiet_from, "quiet_until": quiet_until}
    changes |= {name: [old[:5], new[:5]] for name, (old, new) in change_fields(wishes, times).items()}
    if not changes:
        return wishes
    wishes.save()
    digests.retime(poc_id=poc.pk, at=at)
    facts = {"kind": "poc", "poc": poc.pk, "changes": changes}
    record(kind=Event.Kind.CHANGED, dossiers=[], by=by, at=at, facts=facts, personal={"name": poc.name})
    return wishes


@transaction.atomic
def prefer_some(
    *, poc: PointOfContact, by_email: Mapping[str, str], times: Mapping[str, time | None], by: Actor, at: datetime
) -> NoticePreference:
    """Change what is given, groups of notices and some of `TIMES`; the rest stays as it is.

    :raises Refused: as `prefer`.
    """
    wishes = wishes_of(PointOfContact.objects.select_for_update(no_key=True, of=("self",)).get(pk=poc.pk))
    whole: dict[str, Any] = {name: getattr(wishes, name) for name in TIMES} | dict(times)
    return prefer(poc=poc, by_email={**wishes.by_email, **by_email}, **whole, by=by, at=at)


def want_no_mail(*, poc: PointOfContact, unwanted: Collection[str], by: Actor, at: datetime) -> NoticePreference:
    """Let these groups of notices come by mail no more; the inbox still has them. The rest stays as it is.

    :raises NoSuchGroup: one cannot be switched off.
    """
    return prefer_some(poc=poc, by_email=dict.fromkeys(unwanted, Way.NEVER.value), times={}, by=by, at=at)


def _refuse(by_email: Mapping[str, str], quiet_from: time | None, quiet_until: time | None) -> None:
    for group, way in by_email.items():
        if group not in GROUPS:
            raise NoSuchGroup(NoSuchGroup.default_message % {"value": group})
        if way not in Way.values:
            raise NoSuchWay
    if (quiet_from is None) != (quiet_until is None) or (quiet_from is not None and quiet_from == quiet_until):
        raise QuietFromUntil


def _ways_changed(old: Mapping[str, str], new: Mapping[str, str]) -> dict[str, list[str]]:
    """Return old → new of each group whose way changes, by their codes."""
    usual = Way.AT_ONCE.value
    pairs = {group: [old.get(group, usual), new.get(group, usual)] for group in GROUPS}
    return {f"mails_{group}": pair for group, pair in pairs.items() if pair[0] != pair[1]}
