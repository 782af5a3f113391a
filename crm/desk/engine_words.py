"""Why a mail failed, and what a finding says beside its title, in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise as Lazy
from django.utils.translation import gettext_lazy as _

from crm.commitments.models import Finding
from crm.commitments.telling import wording
from crm.outbox.models import Message

REASONS: Mapping[str, Lazy] = {
    "refused": _("The mail server refused it."),
    "address_refused": _("The mail server does not take mails for this address."),
    "bad_address": _("This is no address."),
    "too_old": _("It could not be sent in time."),
    "ambiguous": _("The mail server may have taken it: it never said so."),
}


def reason(message: Message) -> Any:
    """Return why a mail failed; of a reason without words, the state."""
    return REASONS.get(message.reason, message.get_state_display())


def detail(finding: Finding) -> str:
    """Return what the auditor noted with a finding; a moment of the database, in UTC, as the reader says it."""
    try:
        at = parse_datetime(finding.detail)
    except ValueError:
        at = None
    if at is None:
        return finding.detail
    return wording.moment(at if timezone.is_aware(at) else at.replace(tzinfo=UTC))
