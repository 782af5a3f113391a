"""Why a mail failed, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise as Lazy
from django.utils.translation import gettext_lazy as _

from crm.outbox.models import Message

REASONS: Mapping[str, Lazy] = {
    "refused": _("The mail server refused it."),
    "address_refused": _("The mail server does not take mails for this address."),
    "bad_address": _("This is no address."),
    "too_old": _("It could not be sent in time."),
    "ambiguous": _("The mail server took it, but never said so."),
}


def reason(message: Message) -> Any:
    """Return why a mail failed; of a reason without words, the state."""
    return REASONS.get(message.reason, message.get_state_display())
