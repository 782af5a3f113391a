"""Handing over: from the proposal to the acceptance. Until somebody accepts, nothing changes.

Acceptance is itself owed, with escalation steps; only accepting, declining or withdrawing
settles it. Whoever is offered one may open the record for as long as the offer stands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from crm.commitments.actions import cancel, keep, notify, open_commitment
from crm.commitments.models import Kind
from crm.commitments.moving import move_many
from crm.commitments.telling import notices
from crm.commitments.titles import Title
from crm.core.actor import Actor
from crm.core.refusals import Refused
from crm.dossiers.actions import record
from crm.dossiers.models import Dossier, Event, Topic
from crm.handovers.actions import Change, Deactivated, ReasonRequired, assign_many
from crm.handovers.models import BriefingPart, Handover
from crm.handovers.scope import Scope, scope_of
from crm.handovers.sides import sides_of
from crm.poc.models import Assignment, Grant, PointOfContact
from crm.poc.resolve import resolve
from crm.users import roles

MOST_AT_ONCE = 50  # records handed over in one act
State = Handover.State


class ToOneself(Refused):
    field = "receiver"
    code = "to_oneself"
    default_message = _("Choose somebody else: they answer here already.")


class NothingToGive(Refused):
    field = "giver"
    code = "nothing_to_give"
    default_message = _("They answer for nothing here, so there is nothing to hand over.")


class OfferedAlready(Refused):
    code = "offered_already"
    default_message = _("There is an offer that waits for an answer already. Withdraw it first.")


class PartMissing(Refused):
    code = "part_missing"
    default_message = _("Whoever takes over needs to know this.")


class NotYours(Refused):
    code = "not_yours"
    default_message = _("This is for those concerned to decide: the two sides, their covers and leads.")


class DecidedAlready(Refused):
    code = "decided_already"
    default_message = _("This handover is decided already: nothing changes any more.")


class NotOffered(Refused):
    code = "not_offered"
    default_message = _("It is only proposed. Offer it to somebody first.")


class TooManyAtOnce(Refused):
    code = "too_many_at_once"
    default_message = _("At most 50 records are handed over in one act.")


@dataclass(frozen=True, slots=True)
class Offer:
    """What is offered to whom; `briefing` is the text of each part, by its code."""

    scope: Scope
    receiver: PointOfContact
    reason: str
    briefing: Mapping[str, str] = field(default_factory=dict)


@transaction.atomic
def propose(*, dossier: Dossier, reason: str, by: Actor, at: datetime) -> Handover | None:
    """Propose that whoever answers for a record in general hands it over to an account manager.

    None where nobody is named but the front desk, or an account manager is. Open already: that one.
    """
    held = Assignment.objects.at(at).primary().on(dossier).filter(topic__code=Topic.GENERAL, poc__is_house=False)
    theirs = held.exclude(poc__user__groups__name=roles.ACCOUNT_MANAGER).filter(poc__deactivated_at=None)
    assignment = theirs.select_related("poc").first()
    if assignment is None:
        return None
    handover, made = Handover.objects.get_or_create(
        dossier=dossier, giver=assignment.poc, decided_at=None, defaults={"reason": reason.strip(), "opened_at": at}
    )
    if made:
        _record(handover, Event.Kind.HANDOVER_PROPOSED, [dossier], by, at, reason=handover.reason)
    return handover


def offer(*, offer: Offer, by: Actor, at: datetime) -> Handover:
    """Offer somebody what another answers for on a record; they are told, and owe an answer.

    :raises ReasonRequired: the reason is blank.
    :raises Deactivated: the receiver no longer answers.
    :raises ToOneself: giver and receiver are the same.
    :raises NothingToGive: the giver holds no place there.
    :raises NotYours: `by` is not on the giver's side, and may not change who answers.
    :raises PartMissing: a part of the briefing that the record's tier requires is blank.
    :raises OfferedAlready: an offer from the giver waits for an answer.
    """
    return offer_many(offers=[offer], by=by, at=at)[0]


@transaction.atomic
def offer_many(*, offers: Sequence[Offer], by: Actor, at: datetime) -> list[Handover]:
    """Offer several records, one handover each; all or, with a refusal, none. See `offer`.

    :raises TooManyAtOnce: more than fifty.
    """
    if len(offers) > MOST_AT_ONCE:
        raise TooManyAtOnce
    ids = sorted({o.scope.dossier.pk for o in offers})
    list(Dossier.objects.select_for_update(no_key=True).filter(pk__one_of=ids).order_by("pk").values_list("pk"))
    parts = list(BriefingPart.objects.asked())
    return [_offer(o, parts, by, at) for o in offers]


def _offer(o: Offer, parts: Sequence[BriefingPart], by: Actor, at: datetime) -> Handover:
    _refuse(o, by, at)
    scope = o.scope
    handover = Handover.objects.open().filter(dossier=scope.dossier, giver=scope.giver).first()
    if handover is not None and handover.state == State.OFFERED:
        raise OfferedAlready
    handover = handover or Handover(dossier=scope.dossier, giver=scope.giver, opened_at=at)
    handover.receiver, handover.reason = o.receiver, o.reason.strip()
    handover.with_projects, handover.with_contacts = scope.with_projects, scope.with_contacts
    handover.with_owed = scope.with_owed
    handover.briefing = _written(parts, o.briefing, tier_of(scope.dossier))
    handover.state, handover.offered_by, handover.offered_at = State.OFFERED, by.user, at
    handover.commitment = open_commitment(
        dossier=scope.dossier,
        topic=scope.topics[0] if len(scope.topics) == 1 else Topic.objects.get(code=Topic.GENERAL),
        kind=Kind.HANDOVER,
        title=Title(gettext_noop("Accept the handover of %(record)s"), {"record": scope.dossier.title[:150]}),
        poc=o.receiver,
        answers=o.receiver.pk,
        by=by,
        at=at,
    )
    handover.save()
    handover.topics.set(scope.topics)
    _record(handover, Event.Kind.HANDOVER_OFFERED, [scope.dossier], by, at, reason=handover.reason)
    _tell_of_the_offer(handover, by, at)
    return handover


def _refuse(o: Offer, by: Actor, at: datetime) -> None:
    """:raises ReasonRequired, Deactivated, ToOneself, NothingToGive, NotYours: as `offer`."""
    if not o.reason.strip():
        raise ReasonRequired(_("Say why: both sides will read it."))
    if o.receiver.deactivated_at is not None:
        raise Deactivated(field="receiver")
    if o.receiver.pk == o.scope.giver.pk:
        raise ToOneself
    if not _may_speak_for(by, o.scope.giver.pk, "poc.add_assignment"):
        raise NotYours(field="giver")
    if not o.scope.places(at).exists():
        raise NothingToGive


def tier_of(dossier: Dossier) -> int | None:
    """Return the tier that says how much a handover has to tell: the record's own, else its home's."""
    return dossier.tier_id or (dossier.home.tier_id if dossier.home and dossier.home_id != dossier.pk else None)


def _written(parts: Sequence[BriefingPart], texts: Mapping[str, str], tier_id: int | None) -> list[dict[str, str]]:
    """Return the briefing as it is kept: each part that was written, with its label of today.

    :raises PartMissing: one that is required is blank; its field is `briefing-` and its code.
    """
    written = []
    for part in parts:
        text = texts.get(part.code, "").strip()
        if text:
            written.append({"code": part.code, "label": part.name, "text": text})
        elif part.is_required_for(tier_id):
            raise PartMissing(field=f"briefing-{part.code}")
    return written


@transaction.atomic
def accept(*, handover: Handover, by: Actor, at: datetime) -> Handover:
    """Take over: the receiver answers from now on, for what the giver holds there at this moment.

    Constant queries, however much it is. Accepted already: nothing happens.

    :raises NotOffered, DecidedAlready: it is not waiting for an answer.
    :raises NotYours: `by` is not on the receiver's side.
    :raises Deactivated: the receiver no longer answers.
    :raises NothingToGive: the giver holds nothing there any more.
    """
    h = _locked(handover)
    if h.state == State.ACCEPTED:
        return h
    receiver = _asked(h, by)
    scope = scope_of(h)
    places = _locked_places(scope, at)
    if not places:
        raise NothingToGive(_("They answer for nothing there any more. Decline it, and say so."), field="")
    changes = [Change(place.dossier, place.topic, receiver, place.rank) for place in places]
    made = assign_many(changes=changes, reason=h.reason, tell=False, by=by, at=at)
    moved = move_many(commitments=scope.promised() if h.with_owed else (), to=receiver, reason=h.reason, by=by, at=at)
    _decide(h, State.ACCEPTED, by, at)
    keep(commitment=h.commitment, as_owner=True, by=by, at=at)  # type: ignore[arg-type]  # an offer has one
    touched = list({place.dossier_id: place.dossier for place in places}.values())
    facts = {"assignments": [a.pk for a in made], "moved": [c.pk for c in moved]}
    _record(h, Event.Kind.HANDOVER_ACCEPTED, [h.dossier, *touched], by, at, reason=h.reason, **facts)
    _tell(h, "accepted", [h.giver_id, receiver.pk, *_offerer(h)], by, at)
    return h


def _locked_places(scope: Scope, at: datetime) -> list[Assignment]:
    """Lock the records concerned, ids ascending, and read what the giver holds there then."""
    ids = sorted(set(scope.places(at).values_list("dossier_id", flat=True)))
    list(Dossier.objects.select_for_update(no_key=True).filter(pk__one_of=ids).order_by("pk").values_list("pk"))
    return list(scope.places(at).filter(dossier__one_of=ids).select_related("dossier", "topic").order_by("pk"))


@transaction.atomic
def decline(*, handover: Handover, reason: str, by: Actor, at: datetime) -> Handover:
    """Say no: who answered goes on answering, and is told why. Declined already: nothing happens.

    :raises ReasonRequired: `reason` is blank.
    :raises NotOffered, DecidedAlready: it is not waiting for an answer.
    :raises NotYours: `by` is not on the receiver's side.
    """
    h = _locked(handover)
    if h.state == State.DECLINED:
        return h
    _asked(h, by, is_active=False)
    if not reason.strip():
        raise ReasonRequired(_("Say why: whoever offered it will read it."))
    h.decline_reason = reason.strip()
    _decide(h, State.DECLINED, by, at)
    cancel(commitment=h.commitment, reason=h.decline_reason, as_owner=True, by=by, at=at)  # type: ignore[arg-type]
    _record(h, Event.Kind.HANDOVER_DECLINED, [h.dossier], by, at, reason=h.decline_reason)
    _tell(h, "declined", [h.giver_id, *_offerer(h)], by, at, reason=h.decline_reason)
    return h


@transaction.atomic
def withdraw(*, handover: Handover, by: Actor, at: datetime, reason: str = "") -> Handover:
    """Take an offer, or a proposal, back; whoever it was offered to is told. Withdrawn already: nothing happens.

    :raises DecidedAlready: it was accepted or declined.
    :raises NotYours: `by` is not on the giver's side, did not offer it, and may not change who answers.
    """
    h = _locked(handover)
    if h.state == State.WITHDRAWN:
        return h
    if not h.is_open:
        raise DecidedAlready
    is_offerer = h.offered_by_id is not None and h.offered_by_id == by.user_id
    if not is_offerer and not _may_speak_for(by, h.giver_id, "poc.add_assignment"):
        raise NotYours
    was_offered = h.state == State.OFFERED
    _decide(h, State.WITHDRAWN, by, at)
    if h.commitment is not None:
        cancel(commitment=h.commitment, reason=reason, as_owner=True, by=by, at=at)
    _record(h, Event.Kind.HANDOVER_WITHDRAWN, [h.dossier], by, at, reason=reason.strip())
    if was_offered and h.receiver_id is not None:
        _tell(h, "withdrawn", [h.receiver_id], by, at, reason=reason.strip())
    return h


@transaction.atomic
def introduced(*, handover: Handover, by: Actor, at: datetime) -> Handover:
    """Note that the customer was told who answers now. Noted already: nothing happens.

    :raises NotOffered: it was not accepted.
    """
    h = _locked(handover)
    if h.state != State.ACCEPTED:
        raise NotOffered(_("It has not been accepted: there is nobody to introduce."))
    if h.introduced_at is None:
        h.introduced_at = at
        h.save(update_fields=["introduced_at"])
    return h


def may_answer(user: Any, handover: Handover) -> bool:
    """True of whoever may accept or decline."""
    return handover.receiver_id is not None and _may_speak_for(Actor(user), handover.receiver_id, ANY)


def may_withdraw(user: Any, handover: Handover) -> bool:
    """True of whoever may take it back."""
    is_offerer = handover.offered_by_id is not None and handover.offered_by_id == user.pk
    return is_offerer or _may_speak_for(Actor(user), handover.giver_id, "poc.add_assignment")


ANY = "handovers.change_handover"  # whoever has it decides any handover: administrators


def _may_speak_for(by: Actor, poc_id: int, permission: str) -> bool:
    """True of the product itself, of who stands on that side, and of who may do it for everybody."""
    return by.user is None or poc_id in sides_of(by.user) or by.user.has_perm(permission)


def _locked(handover: Handover) -> Handover:
    rows = Handover.objects.select_related("dossier", "giver", "receiver", "commitment", "offered_by")
    return rows.select_for_update(no_key=True, of=("self",)).get(pk=handover.pk)


def _asked(h: Handover, by: Actor, *, is_active: bool = True) -> PointOfContact:
    """Return who was asked, when `by` may answer for them."""
    if not h.is_open:
        raise DecidedAlready
    if h.state != State.OFFERED or h.receiver is None:
        raise NotOffered
    if not _may_speak_for(by, h.receiver.pk, ANY):
        raise NotYours
    if is_active and h.receiver.deactivated_at is not None:
        raise Deactivated(field="receiver")
    return h.receiver


def _decide(h: Handover, state: str, by: Actor, at: datetime) -> None:
    """Write the decision; whoever could open the record for the offer's sake no longer can."""
    h.state, h.decided_by, h.decided_at = state, by.user, at
    h.save(update_fields=["state", "decided_by", "decided_at", "decline_reason"])
    causes = [h.cause, f"{h.cause}:offered", f"{h.cause}:covered"]
    Grant.objects.filter(cause__one_of=causes, ended_at=None).update(ended_at=at)


def _offerer(h: Handover) -> list[int]:
    """Whoever offered it, where they are a point of contact."""
    return list(PointOfContact.objects.filter(user=h.offered_by).values_list("pk", flat=True)) if h.offered_by else []


def _tell_of_the_offer(h: Handover, by: Actor, at: datetime) -> None:
    """Tell the receiver or their cover, who may open the record from now on; and the giver, where another gives."""
    receiver: PointOfContact = h.receiver  # type: ignore[assignment]  # an offer has one
    topic_id = h.commitment.topic_id  # type: ignore[union-attr]  # and an acceptance that is owed
    answering = resolve(dossier_id=h.dossier_id, topic_id=topic_id, poc_id=receiver.pk, at=at).poc_id
    told = {receiver.pk, answering}
    notices.write([], [notices.Told(pk, h.dossier.home_id, h.cause) for pk in told])  # type: ignore[arg-type]
    part = "offered" if answering == receiver.pk else "covered"
    _tell(h, part, [answering], by, at, dossier=h.dossier, reason=h.reason)
    _tell(h, "given", [h.giver_id], by, at, reason=h.reason)


def _tell(
    h: Handover, part: str, poc_ids: Sequence[int], by: Actor, at: datetime, *, dossier: Dossier | None = None,
    reason: str = "",
) -> None:  # fmt: skip
    """Tell those concerned, each once; the notice leads to the handover, which both sides may open.

    Only with `dossier` may they open the record itself, until the handover is decided.
    """
    context = {
        "what": h.dossier.title, "giver": h.giver.name, "receiver": h.receiver.name if h.receiver else "",
        "by": str(by.user or ""), "reason": reason, "path": h.get_absolute_url(),
    }  # fmt: skip
    notify(
        idem_key=f"{h.cause}:{part}", kind=f"handover_{part}", recipient_poc_ids=list(dict.fromkeys(poc_ids)),
        dossier=dossier, context=context, by=by, at=at,
    )  # fmt: skip


def _record(
    h: Handover, kind: str, dossiers: Sequence[Dossier], by: Actor, at: datetime, *, reason: str, **facts: Any
) -> None:
    own = {"handover": h.pk, "giver": h.giver_id, "receiver": h.receiver_id}
    names = {"giver": h.giver.name, "receiver": h.receiver.name if h.receiver else "", "reason": reason}
    record(kind=kind, dossiers=dossiers, facts=own | facts, personal=names, by=by, at=at)
