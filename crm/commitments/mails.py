"""What the mails that tell notices say."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import ngettext

from crm.commitments import packing, wording
from crm.commitments.models import Notification
from crm.core import clock
from crm.outbox.letters import Letter
from crm.outbox.models import Message
from crm.poc.recipients import reach

MAX_LINES = 50  # of a digest; the rest is counted


def compose(message: Message, said: list[Notification]) -> Letter:
    """Write the letter in the recipient's language and zone."""
    person = reach([message.recipient_id])[message.recipient_id]
    at = clock.now()
    with translation.override(person.language), timezone.override(ZoneInfo(person.zone)):
        lines = wording.lines(said[:MAX_LINES], at)
        context = {"lines": lines, "person": person, "n_more": len(said) - len(lines), "home": wording.home()}
        name = packing.DIGEST if len(said) > 1 else packing.NOTICE
        subject = lines[0].headline if len(said) == 1 else _digest_subject(len(said))
        return Letter(
            subject=subject,
            text=render_to_string(f"commitments/mail/{name}.txt", context | {"subject": subject}),
            html=render_to_string(f"commitments/mail/{name}.html", context | {"subject": subject}),
            language=person.language,
        )


def _digest_subject(n: int) -> str:
    return ngettext("%(n)s thing needs you", "%(n)s things need you", n) % {"n": n}
