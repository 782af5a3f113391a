"""What a link in a mail does: for the one it was made for, while it lasts, as the pages would let them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from crm.commitments import actions, waiting
from crm.commitments.last_act import last_act
from crm.commitments.mail import links
from crm.commitments.mail.links import Act, Link
from crm.commitments.models import Commitment
from crm.core.actor import Actor, Source
from crm.poc.calendars import working_times
from crm.poc.models import PointOfContact
from crm.poc.recipients import Recipient, reach
from crm.poc.resolve import resolve

if TYPE_CHECKING:
    from crm.users.models import User

CHANGES = "commitments.change_commitment"
State = Commitment.State


class Problem(StrEnum):
    """Why a link does nothing any more."""

    NOT_YOURS = "not_yours"  # whoever it was made for answers no longer, or may not do this
    EXPIRED = "expired"
    SETTLED = "settled"
    MOVED_ON = "moved_on"  # it was another turn of what is owed again and again
    DONE_ALREADY = "done_already"  # what the link would do


@dataclass(frozen=True, slots=True)
class Settled:
    """Who did it, and when; nobody by name where the product itself did."""

    name: str
    at: datetime
    is_by_reader: bool
    was_cancelled: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """A link that was opened: for whom, about what, and what stands against it.

    Against `problem` NOT_YOURS and EXPIRED nothing more may be shown than that.
    """

    link: Link
    reader: Recipient
    user: User | None
    commitment: Commitment
    problem: Problem | None = None
    settled: Settled | None = None


def asked(token: str, *, at: datetime) -> Asked | None:
    """Return what a link asks for; None: it was not written by us."""
    link = links.read(token)
    found = Commitment.objects.select_related("dossier").filter(pk=link.commitment_id).first() if link else None
    poc = PointOfContact.objects.select_related("user").filter(pk=link.poc_id).first() if link else None
    if link is None or found is None or poc is None:
        return None
    problem = _problem(link, found, poc, at)
    is_told = problem in (Problem.SETTLED, Problem.DONE_ALREADY)
    return Asked(
        link=link,
        reader=reach([poc.pk])[poc.pk],
        user=poc.user,
        commitment=found,
        problem=problem,
        settled=_settled(found, poc.user) if is_told else None,
    )


def perform(asked: Asked, *, at: datetime) -> Commitment:
    """Do it, as the one the link was made for; where they do not sign in, in the name of their mailbox.

    :raises Refused: as the act itself does.
    """
    by = Actor(asked.user, Source.MAIL, name="" if asked.user else asked.reader.name)
    c = asked.commitment
    match asked.link.act:
        case Act.DONE:
            return actions.keep(commitment=c, by=by, at=at)
        case Act.ON_IT:
            return actions.acknowledge(commitment=c, by=by, at=at)
        case Act.LATER:
            return actions.snooze(commitment=c, until=later(asked, at=at), by=by, at=at)
        case Act.WAIT:
            return waiting.wait(commitment=c, by=by, at=at)
        case Act.GO_ON:
            return waiting.resume(commitment=c, by=by, at=at)


def later(asked: Asked, *, at: datetime) -> datetime:
    """Return until when it is put off: the next working morning of the reader."""
    poc_id = asked.reader.poc_id
    return links.next_morning(at, working_times([poc_id])[poc_id])


def _problem(link: Link, c: Commitment, poc: PointOfContact, at: datetime) -> Problem | None:
    if not _may(poc, c, at):
        return Problem.NOT_YOURS
    if link.expires_at <= at:
        return Problem.EXPIRED
    if c.is_closed:
        return Problem.SETTLED
    if c.recur_every is not None and links.whole_minute(c.due_at) != link.due_at:
        return Problem.MOVED_ON
    does_nothing = {Act.ON_IT: State.ACKNOWLEDGED, Act.WAIT: State.WAITING}
    return Problem.DONE_ALREADY if does_nothing.get(link.act) == c.state else None


def _may(poc: PointOfContact, c: Commitment, at: datetime) -> bool:
    """True of whoever could do it on its page; of a mailbox without a user where it answers, or is told of it now."""
    if poc.deactivated_at is not None:
        return False
    user = poc.user
    if user is None:
        return _answers(poc, c, at) or _is_told(poc, c)
    return user.is_active and user.has_perm(CHANGES) and Commitment.objects.visible_to(user).filter(pk=c.pk).exists()


def _answers(poc: PointOfContact, c: Commitment, at: datetime) -> bool:
    return resolve(dossier_id=c.dossier_id, topic_id=c.topic_id, poc_id=c.poc_id, at=at).poc_id == poc.pk


def _is_told(poc: PointOfContact, c: Commitment) -> bool:
    """True while nothing was done to it since this one was told: an escalation, say."""
    return c.notifications.planned().filter(generation=c.generation, recipient=poc).exists()


def _settled(c: Commitment, user: User | None) -> Settled:
    """Say who did what the link is too late for. One query."""
    act = last_act(c)
    if act is None:
        return Settled("", c.closed_at or c.acted_at, is_by_reader=False)
    is_by_reader = user is not None and act.actor_id == user.pk
    return Settled(act.name, act.at, is_by_reader, act.was_cancelled)
