"""Rows of touches, with the event each left on the timelines, and what was promised in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time, timedelta
from random import Random
from typing import Any

from crm.commitments.models import Commitment, Kind
from crm.core.actor import Source
from crm.desk.benchmark import firm as words
from crm.desk.benchmark.firm import CONTACTS_EACH, FIRST, OWED, PEOPLE, SAID, YEARS, BigFirm, Rows
from crm.dossiers.models import Channel, Event, EventDossier, EventPersonal, Topic
from crm.poc import decide
from interactions.models import FollowUp, Interaction

RECORDS_EACH = 3  # timelines a touch may lie on: its project's, its contact's and its account's
CHANNELS = ("phone", "phone", "phone", "email", "email", "chat", "in_person", "web_form")
NINE = time(9)
QUIET = timedelta(days=7)  # nothing falls due for the planner before
State = Commitment.State


@dataclass(frozen=True, slots=True)
class Drawn:
    """What the dice said of one touch."""

    n: int
    channel: words.Channel
    outcome: words.Outcome
    purpose: words.Purpose | None
    is_inbound: bool
    project: int | None
    contact: int | None
    account: int | None  # without one it was a stranger
    poc: int
    user: int
    note: str


def touches(firm: BigFirm, first: int, last: int) -> Rows:
    """Return touches `first` to before `last`, in the order they happened, and what they left behind."""
    dice = firm.chance("touches", first)
    rows: Rows = {Interaction: [], Event: [], EventPersonal: [], EventDossier: [], Commitment: [], FollowUp: []}
    for n in range(first, last):
        drawn = _drawn(firm, n, dice)
        touch = _touch(firm, drawn, dice)
        owed = _promised(firm, drawn, touch, dice)
        rows[Interaction].append(touch)
        rows[Commitment].append(owed)
        if owed["kind"] == Kind.FOLLOW_UP:
            rows[FollowUp].append({
                "commitment_id": owed["id"], "contact_id": drawn.contact, "interaction_id": touch["id"],
                "channel_id": drawn.channel.id,
            })  # fmt: skip
        rows[Event].append(_event(drawn, touch, owed))
        rows[EventPersonal].append({"event_id": FIRST + n, "values": _personal(firm, drawn, owed)})
        rows[EventDossier] += _timelines(firm, drawn, touch)
    return rows


def _drawn(firm: BigFirm, n: int, dice: Random) -> Drawn:
    code = dice.choice(CHANNELS)
    outcome = dice.choice(firm.words.outcomes[code])
    i = _account(firm, n, dice)
    has_project = i is not None and firm.has_project(i) and dice.random() < 0.15
    has_contact = i is not None and dice.random() < 0.9
    held = None if i is None else firm.holders[i]
    return Drawn(
        n=n,
        channel=firm.words.channels[code],
        outcome=outcome,
        purpose=dice.choice(firm.words.purposes) if dice.random() < 0.5 else None,
        is_inbound=outcome.is_inbound_only or dice.random() < 0.45,
        project=firm.project(i) if i is not None and has_project else None,
        contact=firm.contact(i, dice.randrange(CONTACTS_EACH)) if i is not None and has_contact else None,
        account=None if i is None else firm.account(i),
        poc=held or firm.words.house,
        user=held if held and held < FIRST + PEOPLE else firm.person(dice.randrange(4, PEOPLE)),
        note=dice.choice(SAID),
    )


def _account(firm: BigFirm, n: int, dice: Random) -> int | None:
    """Return the place of the account a touch was with: the busy one's every so often, else anybody's; None: nobody's.

    The first few have more than the last.
    """
    if n % (firm.n_touches // firm.n_busy) == 0:
        return 0
    if dice.random() < 0.005:
        return None
    return 1 + int((firm.n_accounts - 1) * dice.random() ** 1.5)


def _touch(firm: BigFirm, drawn: Drawn, dice: Random) -> dict[str, Any]:
    occurred_at = firm.at - YEARS + YEARS / firm.n_touches * (drawn.n + dice.random())
    place = drawn.project or drawn.contact or drawn.account or firm.words.stranger
    is_call = drawn.channel.verb == Channel.Verb.CALL
    return {
        "id": FIRST + drawn.n, "dossier_id": place, "home_id": drawn.account or firm.words.stranger,
        "account_id": drawn.account, "contact_id": drawn.contact, "project_id": drawn.project,
        "touch_point_id": None if drawn.account else firm.words.stranger,
        "caller": "" if drawn.account else f"+351 93{drawn.n:07}", "topic_id": firm.words.topics[Topic.GENERAL],
        "channel_id": drawn.channel.id, "outcome_id": drawn.outcome.id,
        "purpose_id": drawn.purpose.id if drawn.purpose else None,
        "direction": Interaction.Direction.INBOUND if drawn.is_inbound else Interaction.Direction.OUTBOUND,
        "occurred_at": occurred_at, "logged_at": occurred_at + timedelta(minutes=2), "note": drawn.note,
        "seconds": dice.randrange(20, 1800) if is_call else None, "is_touch": drawn.outcome.is_touch,
        "poc_id": drawn.poc, "poc_why": _why(firm, drawn, place), "logged_by_id": drawn.user,
        "source": "benchmark", "external_id": f"T{drawn.n}",
    }  # fmt: skip


def _why(firm: BigFirm, drawn: Drawn, place: int) -> list[dict[str, Any]]:
    """The reasons as they are kept with a touch: nobody on the record itself, somebody on its account or nobody."""
    general = firm.words.topics[Topic.GENERAL]
    passed = [pk for pk in (place, drawn.account) if pk and pk != drawn.account]
    reasons: list[dict[str, Any]] = [{"code": decide.NOBODY, "dossier_id": pk, "topic_id": general} for pk in passed]
    if drawn.poc == firm.words.house:
        return [*reasons, {"code": decide.HOUSE, "poc_id": drawn.poc}]
    held = {"poc_id": drawn.poc, "dossier_id": drawn.account, "topic_id": general}
    return [*reasons, {"code": decide.ASSIGNED, **held}]


def _promised(firm: BigFirm, drawn: Drawn, touch: dict[str, Any], dice: Random) -> dict[str, Any]:
    """What was promised in a touch: long done, or still to come; a few are late."""
    opened_at = touch["logged_at"]
    due_on = (opened_at + timedelta(days=1 + dice.expovariate(1 / 12))).date()
    due_at = firm.at + (due_on - firm.as_of) + timedelta(hours=9)
    is_late = firm.ago(30) < due_at < firm.at and dice.random() < 0.05
    is_open = due_at >= firm.at or is_late
    kind = Kind.FOLLOW_UP if drawn.account and dice.random() < 0.9 else Kind.FIRST_ANSWER
    state = State.OPEN if is_open else State.CANCELLED if dice.random() < 0.05 else State.KEPT
    look_at = max(due_at, firm.at + QUIET) if is_open else None
    used_up_at = due_at + timedelta(hours=dice.randrange(1, 15)) if is_late else None
    return {
        "id": touch["id"], "dossier_id": touch["dossier_id"], "home_id": touch["home_id"],
        "topic_id": touch["topic_id"], "kind": kind, "title": dice.choice(OWED), "state": state,
        "poc_id": drawn.poc if dice.random() < 0.3 else None, "due_on": due_on, "due_time": NINE, "zone": "UTC",
        "due_at": due_at, "opened_at": opened_at, "acted_at": opened_at, "anchor_at": due_at,
        "closed_at": None if is_open else max(opened_at, due_at - timedelta(hours=dice.randrange(1, 30))),
        "policy_version_id": firm.words.versions[kind], "next_action_at": look_at, "used_up_at": used_up_at,
    }  # fmt: skip


def _event(drawn: Drawn, touch: dict[str, Any], owed: dict[str, Any]) -> dict[str, Any]:
    """The event of logging; its facts as `interactions.actions` writes them."""
    facts = {
        "interaction": touch["id"], "channel": drawn.channel.name, "icon": drawn.channel.icon,
        "verb": drawn.channel.verb, "direction": touch["direction"], "seconds": touch["seconds"],
        "outcome": drawn.outcome.name, "purpose": drawn.purpose.name if drawn.purpose else "", "topic": "General",
        "topic_id": touch["topic_id"], "is_touch": touch["is_touch"],
        "is_bad": bool(drawn.purpose and drawn.purpose.wants_resolution), "poc": drawn.poc,
        "promised": owed["due_at"].isoformat(),
    }  # fmt: skip
    return {
        "id": FIRST + drawn.n, "kind": Event.Kind.LOGGED, "happened_at": touch["occurred_at"],
        "recorded_at": touch["logged_at"], "actor_id": drawn.user, "source": Source.PAGE, "home_id": touch["home_id"],
        "facts": facts,
    }  # fmt: skip


def _personal(firm: BigFirm, drawn: Drawn, owed: dict[str, Any]) -> dict[str, str]:
    """The names and the note, as `interactions.actions` writes them."""
    user = " ".join(firm.name(drawn.user))
    poc = "" if drawn.poc == firm.words.house else " ".join(firm.name(drawn.poc))
    them = " ".join(firm.name(drawn.contact)) if drawn.contact else ""
    return {"contact": them, "user": user, "poc": poc, "note": drawn.note, "promised": owed["title"]}


def _timelines(firm: BigFirm, drawn: Drawn, touch: dict[str, Any]) -> list[dict[str, Any]]:
    """The timelines the event lies on, its own record's first."""
    records = (drawn.project, drawn.contact, drawn.account) if drawn.account else (firm.words.stranger,)
    return [
        {
            "id": FIRST + drawn.n * RECORDS_EACH + k, "event_id": FIRST + drawn.n, "dossier_id": pk,
            "happened_at": touch["occurred_at"],
        }
        for k, pk in enumerate(pk for pk in records if pk)
    ]  # fmt: skip
