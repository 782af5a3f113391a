"""The letter that introduces to the customer who answers from now on. Somebody's own mail sends it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from django.utils import translation
from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from crm.handovers.models import Handover


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter that is not sent yet: to whom, and what it says."""

    to: Sequence[str]
    subject: str
    text: str

    @property
    def href(self) -> str:
        """The address that opens it in the reader's own mail program: RFC 6068."""
        to = ",".join(quote(address, safe="@") for address in self.to)
        body = quote(self.text.replace("\n", "\r\n"))
        return f"mailto:{to}?subject={quote(self.subject)}&body={body}"


def draft(
    handover: Handover, *, firm: str, language: str, to: Sequence[str] = (), names: Sequence[str] = (), sender: str
) -> Letter:
    """Write the letter of an accepted handover in the customer's language, whatever the reader's is.

    `names` are those it goes to. `topics` and both sides of `handover` are read.
    """
    receiver, giver = handover.receiver, handover.giver
    assert receiver is not None  # noqa: S101  # an accepted one has a receiver
    with translation.override(language):
        topics = [topic.label.lower() for topic in handover.topics.all()]
        values = {
            "new": receiver.name, "old": giver.name, "firm": firm, "names": get_text_list(list(names), _("and")),
            "topics": get_text_list(topics, _("and")), "record": handover.dossier.title,
        }  # fmt: skip
        about = (
            _("from now on %(new)s is your point of contact with us about %(topics)s, in place of %(old)s.")
            if topics
            else _("from now on %(new)s is your point of contact with us, in place of %(old)s.")
        )
        parts = [
            (_("Dear %(names)s,") if names else _("Hello,")) % values,
            about % values,
            _reached(receiver.name, receiver.phone, receiver.email),
            _("What was agreed with you stands: %(new)s knows of it and carries on from there.") % values,
            f"{_('Kind regards')}\n{sender}\n{firm}".strip(),
        ]
        subject = _("Your point of contact at %(firm)s: %(new)s") if firm else _("Your point of contact: %(new)s")
        return Letter(to, subject % values, "\n\n".join(part for part in parts if part))


def _reached(name: str, phone: str, email: str) -> str:
    values = {"name": name, "phone": phone, "email": email}
    if phone and email:
        return _("You reach %(name)s by phone at %(phone)s and by e-mail at %(email)s.") % values
    if phone:
        return _("You reach %(name)s by phone at %(phone)s.") % values
    return _("You reach %(name)s by e-mail at %(email)s.") % values if email else ""
