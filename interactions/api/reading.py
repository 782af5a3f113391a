"""From what a client sent to what the actions take."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request

from contacts.models import Contact, ContactPhone
from crm.core.rest.keys import key_in_header
from crm.core.text import digits
from crm.dossiers.models import Dossier, Topic
from crm.poc.models import PointOfContact
from interactions.actions import Touch, WhoRequired, place_of
from interactions.callers import match
from interactions.follow_ups import NewFollowUp
from interactions.meaning import Said, meant
from interactions.models import TouchPoint
from interactions.recurrence import Recurrence

DIFFER = _("The key in the body differs from the one in the header.")


def touch_of(values: dict[str, Any]) -> Touch:
    """Return the touch a client described; a caller's number or address finds their contact where it is one's alone.

    :raises WhoRequired: nobody is named.
    """
    said = {name: values.pop(name) for name in ("phone", "email", "caller")}
    known = [values.get(kind) for kind in ("project", "contact", "account")]
    if not any(known) and (said["phone"] or said["email"]):
        found = match(phone=said["phone"], email=said["email"])
        if len(found) == 1:
            values["contact"] = found[0]
    stranger = not any(values.get(kind) for kind in ("project", "contact", "account"))
    values["topic"] = values.get("topic") or Topic.objects.get(code=Topic.GENERAL)
    touch = Touch(**values)
    if stranger:
        _keep_caller(touch, said)
    elif touch.contact and said["phone"]:
        touch.phone = _dialled(touch.contact, said["phone"])
    return touch


def _keep_caller(touch: Touch, said: dict[str, str]) -> None:
    """Keep how a stranger is reached, else their name; what else was said goes before the note."""
    parts = [part for part in (said["phone"], said["email"], said["caller"]) if part]
    if not parts and touch.touch_point is None:
        raise WhoRequired
    touch.caller = parts[0] if parts else ""
    touch.note = "\n".join(part for part in (" · ".join(parts[1:]), touch.note) if part)
    if touch.touch_point is None:
        touch.touch_point = TouchPoint.objects.for_list().get(is_default=True)


def _dialled(contact: Contact, number: str) -> ContactPhone | None:
    """The contact's own row of a number, so that an outcome can mark it as wrong."""
    wanted = digits(number)
    return next((p for p in contact.phones.all() if wanted in (p.digits, p.e164.removeprefix("+"))), None)


def follow_up_of(values: dict[str, Any] | None, touch: Touch, *, at: datetime) -> NewFollowUp | None:
    """Return what a touch promises."""
    if not values:
        return None
    place = place_of(touch)
    said = moment_of(values, place=place, topic=touch.topic, poc=values.get("poc"), at=at, field="follow_up.due_text")
    return new_follow_up(values, said)


def new_follow_up(values: dict[str, Any], said: Said) -> NewFollowUp:
    recurs = Recurrence(**values["recurs"]) if values.get("recurs") else said.recurs
    return NewFollowUp(
        due_at=said.moment, title=values["title"], text=values["text"], poc=values.get("poc"),
        channel=values.get("channel"), place=values["location"], recurs=recurs,
    )  # fmt: skip


def moment_of(
    values: dict[str, Any],
    *,
    place: Dossier,
    topic: Topic,
    poc: PointOfContact | None,
    at: datetime,
    field: str = "due_text",
) -> Said:
    """Return the due moment a client gave, or said in plain words: by the clock of whoever will act.

    :raises ValidationError: the words do not say when.
    """
    if "due_at" in values:
        return Said(values["due_at"])
    try:
        return meant(values["due_text"], place=place, topic=topic, poc=poc, at=at)
    except DjangoValidationError as error:
        raise ValidationError({field: ErrorDetail(error.messages[0], error.code or "invalid")}) from error


def client_key(request: Request, in_body: uuid.UUID | None) -> uuid.UUID | None:
    """Return the key under which this request is saved once: from the body, or from the header.

    :raises ValidationError: the two differ, or the header is too long.
    """
    in_header = key_in_header(request, field="client_key")
    if None not in (in_body, in_header) and in_body != in_header:
        raise ValidationError({"client_key": ErrorDetail(DIFFER, "differs")})
    return in_header or in_body
