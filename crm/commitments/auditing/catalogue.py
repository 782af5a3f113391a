"""Every check of the auditor by its code, in the order in which they are asked, and how its alarm reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from crm.commitments.auditing import decided, delivery, standing, waiting_too_long
from crm.commitments.auditing.check import Check
from crm.commitments.telling import wording
from crm.commitments.telling.wording import Detail, Words

ALARM = "audit"  # the kind of notice
FAILED = "check_failed"  # a check that could not be asked is a finding itself
CHECKS: Mapping[str, Check] = {
    check.code: check for part in (waiting_too_long, delivery, decided, standing) for check in part.CHECKS
}


def title(code: str) -> Any:
    """Return what a finding says, in words; of a check that is no longer made, its code."""
    if code == FAILED:
        return _("A check could not be made")
    return CHECKS[code].title if code in CHECKS else code


def register() -> None:
    """Give the auditor's alarm its words."""
    words = Words(_("The auditor found something wrong"), _("It looks after reminders and mails."), details=_details)
    wording.register(ALARM, words)


def _details(facts: Mapping[str, Any]) -> Sequence[Detail]:
    return list(_found(facts.get("found") or ()))


def _found(rows: Sequence[Mapping[str, Any]]) -> Iterator[Detail]:
    """Say what was found, how often, and what was mended; `path` of the alarm leads to the page with all of it."""
    for row in rows:
        n, repaired = int(row["n"]), int(row["repaired"])
        text = gettext("%(what)s (%(n)s).") % {"what": title(str(row["code"])), "n": n}
        mended = ngettext("%(n)s was put right.", "%(n)s were put right.", repaired) % {"n": repaired}
        yield Detail(f"{text} {mended}" if repaired else text)
