"""What one gap says: which record or who, what is wrong, and where it is mended."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.core.templatetags.moments import whole_date
from crm.desk.gaps import people, records
from crm.desk.gaps.scope import Scope
from crm.dossiers.models import Dossier, Topic
from crm.poc import decide, words
from crm.poc.models import Absence, Assignment, PointOfContact
from crm.poc.resolve import Question, ask

CAUSES = (decide.AWAY, decide.INACTIVE, decide.EMPTY)


@dataclass(frozen=True, slots=True)
class Row:
    """One gap: on a record, or with somebody of ours, or both.

    `n` is how many records it is about beside the one named. `topics` are what it is about,
    empty where it is about everything. `starts_at` and `ends_at` are of an absence or of an
    assignment. `says` is the whole matter in the reader's language.
    """

    id: int
    says: str
    record: Dossier | None = None
    poc: PointOfContact | None = None
    topics: Sequence[Topic] = ()
    n: int = 0
    starts_at: datetime | None = None
    ends_at: datetime | None = None


def describe(code: str, found: Sequence[Any], scope: Scope, n: Mapping[int, Any] | None) -> list[Row]:
    """Say what is wrong with each of the rows found, in a constant number of queries."""
    return _SAID[code](found, scope, n or {})


def _unanswered(found: Sequence[Dossier], scope: Scope, n: Mapping[int, int]) -> list[Row]:
    topic = scope.house.topic(scope.topic_id or scope.house.general_id)
    below = {} if scope.kind else records.n_below(scope, [d.pk for d in found])
    answers, fetched = ask([Question(d.pk, topic.pk) for d in found], at=scope.at)
    named = words.names(fetched, scope.house.topics)
    return [
        Row(d.pk, _why_nobody(answer, named), record=d, topics=[topic], n=below.get(d.pk, 0))
        for d, answer in zip(found, answers.values(), strict=True)
    ]


def _why_nobody(answer: decide.Answer, named: words.Named) -> str:
    """Say who is named and not there; or that nobody is named."""
    steps = zip(answer.reasons, words.path(answer, named), strict=True)
    causes = list(dict.fromkeys(said for reason, said in steps if reason.code in CAUSES))
    return " · ".join(causes) or _("Nobody is named, here or above")


def _absent(found: Sequence[Absence], scope: Scope, topics: Mapping[int, Collection[int]]) -> list[Row]:
    n = people.n_uncovered(scope, {absence.pk: topics[absence.pk] for absence in found})
    return [
        Row(
            absence.pk,
            _why_uncovered(absence, scope),
            poc=absence.poc,
            topics=[absence.topic] if absence.topic else [],
            n=n.get(absence.pk, 0),
            starts_at=absence.starts_at,
            ends_at=absence.ends_at,
        )
        for absence in found
    ]


def _why_uncovered(absence: Absence, scope: Scope) -> str:
    if absence.cover is None:
        return _("No cover is named")
    return _("%(name)s was to cover and is not there") % {"name": absence.cover.name}


def _inactive(found: Sequence[PointOfContact], scope: Scope, n: Mapping[int, int]) -> list[Row]:
    def says(poc: PointOfContact) -> str:
        if poc.deactivated_at is None:
            return _("Nobody is in this team")
        return _("No longer answers since %(day)s") % {"day": _day(poc.deactivated_at)}

    return [Row(poc.pk, says(poc), poc=poc, n=n[poc.pk]) for poc in found]


def _past_end(found: Sequence[Assignment], scope: Scope, n: Mapping[int, int]) -> list[Row]:
    questions = {a.pk: Question(a.dossier_id, a.topic_id, at=max(a.ends_at, scope.at)) for a in found}  # type: ignore[type-var]
    answers, fetched = ask(questions.values(), at=scope.at)
    return [
        Row(
            a.pk,
            _who_is_left(a, answers[questions[a.pk]], fetched.pocs, scope),
            record=a.dossier,
            poc=a.poc,
            topics=[scope.house.topic(a.topic_id)],
            starts_at=a.starts_at,
            ends_at=a.ends_at,
        )
        for a in found
    ]


def _who_is_left(a: Assignment, answer: decide.Answer, pocs: Mapping[int, PointOfContact], scope: Scope) -> str:
    words_ = {"day": _day(a.ends_at), "name": a.poc.name, "other": pocs[answer.poc_id].name}  # type: ignore[arg-type]
    if a.ends_at <= scope.at:  # type: ignore[operator]
        if answer.is_gap:
            return _("%(name)s until %(day)s, now only the front desk") % words_
        return _("%(name)s until %(day)s, now %(other)s") % words_
    if answer.is_gap:
        return _("%(name)s ends on %(day)s, then only the front desk") % words_
    return _("%(name)s ends on %(day)s, then %(other)s") % words_


def _overloaded(found: Sequence[PointOfContact], scope: Scope, n: Mapping[int, int]) -> list[Row]:
    return [Row(poc.pk, _has(n[poc.pk]), poc=poc, n=n[poc.pk]) for poc in found]


def _has(n: int) -> str:
    return ngettext("Answers for %(n)s record", "Answers for %(n)s records", n) % {"n": n}


def _single_point(found: Sequence[PointOfContact], scope: Scope, n: Mapping[int, int]) -> list[Row]:
    return [Row(poc.pk, _alone(n[poc.pk]), poc=poc, n=n[poc.pk]) for poc in found]


def _alone(n: int) -> str:
    text = ngettext("For %(n)s record nobody else would answer", "For %(n)s records nobody else would answer", n)
    return text % {"n": n}


def _their_side(found: Sequence[Dossier], scope: Scope, n: Mapping[int, int]) -> list[Row]:
    rows = []
    for account in found:
        topics = [scope.house.topic(topic_id) for topic_id in dict.fromkeys(account.missing)]  # type: ignore[attr-defined]
        if not account.has_contacts:  # type: ignore[attr-defined]
            rows.append(Row(account.pk, _("No contact at all"), record=account))
            continue
        listed = ", ".join(topic.label.lower() for topic in topics)
        rows.append(
            Row(account.pk, _("No contact for: %(topics)s") % {"topics": listed}, record=account, topics=topics)
        )
    return rows


def _day(at: datetime) -> str:
    return whole_date(timezone.localtime(at))


_SAID: dict[str, Callable[[Sequence[Any], Scope, Mapping[int, Any]], list[Row]]] = {
    "unanswered": _unanswered,
    "absent": _absent,
    "inactive": _inactive,
    "past_end": _past_end,
    "overloaded": _overloaded,
    "single_point": _single_point,
    "their_side": _their_side,
}
