"""A request that its client gave a key is done once: the event of the first is found again by the key."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from crm.core.actor import Actor
from crm.core.refusals import Refused
from crm.dossiers.models import Event

T = TypeVar("T")


class KeyTaken(Refused):
    field = "client_key"
    code = "key_taken"
    default_message = _("This key was used for something else already. Take a new one.")


def done_before(by: Actor) -> Event | None:
    """Return what the same request recorded before; None without a key. One query, none without a key.

    :raises KeyTaken: somebody else used the key, or for another request.
    """
    if by.asked is None:
        return None
    event = Event.objects.filter(client_key=by.asked.key).first()
    if event is None:
        return None
    if event.actor_id != by.user_id or event.facts.get("asked") != by.asked.what:
        raise KeyTaken
    return event


def once(act: Callable[[], T], *, by: Actor) -> T | Event:
    """Do what is asked, in one transaction; or, done before, return what that recorded.

    :raises KeyTaken: as `done_before`.
    """
    try:
        with transaction.atomic():
            return done_before(by) or act()
    except IntegrityError:
        # A retry that overtook its first try: that one is done, so this one is a repeat.
        before = done_before(by)
        if before is None:
            raise
        return before
