"""The auditor: asks in other words than the engine's whether everything is as it should be, mends, and tells.

What it finds stands as a row from the sweep that saw it first to the one that sees it no more. It looks at no window
of time: what is short is looked at whole, of the long tables a part in turn, the newest rows and what stands always.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from time import monotonic

from django.db import InterfaceError, OperationalError, transaction

from crm.commitments.auditing import catalogue
from crm.commitments.auditing.check import MOST, TABLES, Check, Found, Scope, scope
from crm.commitments.models import Finding, Notification
from crm.commitments.telling import notices
from crm.core import clock
from crm.outbox import turns

log = logging.getLogger(__name__)

COMPONENT = "auditor"
TOLD_AGAIN = timedelta(hours=1)  # until administrators are told of more findings of the same kind
BUDGET = 20  # seconds for the repairs of one check; what is left is the next sweep's
REPAIRED_AGAIN = timedelta(days=1)  # until what came back after a repair is repaired once more
PAGE = "/engine/"


@dataclass(slots=True)
class Round:
    """What one sweep saw of one check: findings that are new, and those to be told about now."""

    new: list[Finding] = field(default_factory=list)
    second: list[Finding] = field(default_factory=list)  # seen in exactly one sweep before this


def sweep(*, whole: bool = False) -> int:
    """Ask every question, mend what can be mended, tell administrators once, and return how much is new.

    Does nothing while another sweep is at it. `whole` looks at the long tables from end to end.
    """
    with turns.turn(COMPONENT) as is_mine:
        if not is_mine:
            return 0
        of = scope(clock.now(), whole=whole)
        rounds = _ask_all(of)
        _alarm(rounds, of.at)
        turns.beat(COMPONENT)
    return sum(len(each.new) for each in rounds.values())


def settle(finding: Finding, at: datetime) -> None:
    """End a finding about something past, which somebody has seen: it is not found again. What is so now stands."""
    if is_past(finding):
        Finding.objects.standing().filter(pk=finding.pk).update(ended_at=at)


def is_past(finding: Finding) -> bool:
    """True of what cannot be undone, and so would stand for ever."""
    check = catalogue.CHECKS.get(finding.code)
    return check is None or check.is_past


def _ask_all(of: Scope) -> dict[str, Round]:
    """Ask one question after the other. One that fails is a finding itself, and holds no other up."""
    standing: dict[str, list[str]] = defaultdict(list)
    for code, subject in Finding.objects.standing().values_list("code", "subject"):
        standing[code].append(subject)
    rounds: dict[str, Round] = {}
    failed: list[Found] = []
    for check in catalogue.CHECKS.values():
        try:
            rounds[check.code] = _look(check, of, standing.get(check.code, ()))
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:
            log.exception("The check %s failed", check.code)
            failed.append(Found(f"k:{check.code}", type(error).__name__))
    if failed or catalogue.FAILED in standing:
        rounds[catalogue.FAILED] = _write(catalogue.FAILED, failed, of.at)
    return rounds


def _look(check: Check, of: Scope, standing: Sequence[str]) -> Round:
    """Ask one question, write down what it finds, and mend that; what is mended ends at once."""
    if standing and not check.is_past:
        of = _and_again(of, standing)
    found = _news(check, check.find(of))[:MOST]
    if not found and not standing:
        return Round()
    seen = _write(check.code, found, of.at, ends=not check.is_past and len(found) < MOST)
    if check.repair is not None and found and _repair(check, of.at):
        left = check.find(of)[:MOST]
        _write(check.code, left, of.at, ends=len(left) < MOST)
    return seen


def _and_again(of: Scope, subjects: Sequence[str]) -> Scope:
    """Look at what stands, too, wherever it lies in its table."""
    again: dict[str, list[int]] = defaultdict(list)
    for subject in subjects:
        letter, _colon, number = subject.partition(":")
        if letter in TABLES and number.isdigit():
            again[letter].append(int(number))
    if again["n"]:  # a step's notice is found from what is owed
        of_step = Notification.objects.filter(pk__one_of=again["n"], commitment__isnull=False)
        again["c"] += of_step.values_list("commitment_id", flat=True).distinct()
    return replace(of, again=again)


def _news(check: Check, found: list[Found]) -> list[Found]:
    """Leave out what somebody has seen already, of what stays so for ever."""
    if not found or not check.is_past:
        return found
    ended = Finding.objects.filter(code=check.code, subject__in=[f.subject for f in found]).exclude(ended_at=None)
    seen = set(ended.values_list("subject", flat=True))
    return [f for f in found if f.subject not in seen]


@transaction.atomic
def _write(code: str, found: Sequence[Found], at: datetime, *, ends: bool = True) -> Round:
    """Bring the standing findings of a check up to date: begin, see again, end."""
    standing = Finding.objects.standing().filter(code=code)
    known = {finding.subject: finding for finding in standing.select_for_update(no_key=True)}
    details = {f.subject: f.detail for f in found}
    new = [
        Finding(code=code, subject=subject, detail=detail, found_at=at, seen_at=at)
        for subject, detail in details.items()
        if subject not in known
    ]
    Finding.objects.bulk_create(new)
    again = [finding for subject, finding in known.items() if subject in details]
    Finding.objects.filter(pk__one_of=[f.pk for f in again]).update(seen_at=at)
    if ends:
        gone = [finding.pk for subject, finding in known.items() if subject not in details]
        Finding.objects.filter(pk__one_of=gone).update(ended_at=at)
    return Round(new, [f for f in again if f.seen_at == f.found_at])


def _repair(check: Check, at: datetime) -> int:
    """Mend what stands, each in a transaction of its own, and return how much; what comes back is left alone."""
    standing = list(Finding.objects.standing().filter(code=check.code, repaired_at=None)[:MOST])
    lately = Finding.objects.filter(code=check.code, repaired_at__gt=at - REPAIRED_AGAIN)
    mended = set(lately.values_list("subject", flat=True))
    until, n = monotonic() + BUDGET, 0
    for finding in standing:
        if finding.subject not in mended and monotonic() < until:
            n += _mend(check, finding, at)
    return n


@transaction.atomic
def _mend(check: Check, finding: Finding, at: datetime) -> bool:
    if check.repair is None or not check.repair(finding, at):
        return False
    log.warning("Repaired: %s %s %s", finding.code, finding.subject, finding.detail)
    return bool(Finding.objects.filter(pk=finding.pk).update(repaired_at=at))


def _alarm(rounds: dict[str, Round], at: datetime) -> None:
    """Tell the administrators what is new, in one notice; of each kind at most once an hour."""
    found: dict[str, list[int]] = {}
    for code, each in rounds.items():
        check = catalogue.CHECKS.get(code)
        findings = each.second if check is not None and check.is_passing else each.new
        if findings and not (check is not None and check.is_told_already):
            found[code] = [f.pk for f in findings]
    if not found:
        return
    lately = _told_lately(at)
    rows = [
        {"code": code, "n": len(ids), "repaired": Finding.objects.filter(pk__one_of=ids).repaired().count()}
        for code, ids in found.items()
        if code not in lately
    ]
    if rows:
        first = min(found[str(rows[0]["code"])])
        notices.alarm(idem_key=f"q:f{first}", kind=catalogue.ALARM, facts={"found": rows, "path": PAGE}, at=at)


def _told_lately(at: datetime) -> set[str]:
    """Return the checks whose findings were told within the hour."""
    lately = Notification.objects.filter(kind=catalogue.ALARM, created_at__gt=at - TOLD_AGAIN)
    return {row["code"] for facts in lately.values_list("facts", flat=True) for row in facts["found"]}
