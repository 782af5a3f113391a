"""What is owed today, and what came in this morning."""

from __future__ import annotations

from datetime import datetime, timedelta

from accounts import keeping_in_touch
from crm.commitments import actions as commitments
from crm.commitments import waiting
from crm.desk.demo.arrivals import INBOUND, Inbound
from crm.desk.demo.promises import OWED, UPDATES, Owed, Told
from crm.desk.demo.stage import Stage
from interactions import updates
from interactions.actions import Touch, log
from interactions.follow_ups import NewFollowUp, plan
from interactions.recurrence import Recurrence


def promise(stage: Stage) -> None:
    """Plan the follow-ups when they were promised; some were done, put off or taken on since."""
    for owed in sorted(OWED, key=lambda owed: -owed.ago):
        contact = stage.contacts[owed.contact] if owed.contact else None
        channel = stage.channels[owed.channel]
        due_at = _due(stage, owed)
        new = NewFollowUp(
            due_at=due_at,
            title=owed.title,
            text=owed.text,
            poc=stage.pocs[owed.poc] if owed.poc else None,
            recurs=Recurrence(*owed.recurs) if owed.recurs else None,
        )
        promised_at = min(stage.ago(owed.ago), due_at - timedelta(days=1))
        follow_up = plan(
            new=new, dossier=stage.dossier(owed.on), topic=stage.topics[owed.topic], contact=contact, channel=channel,
            by=stage.by(owed.by), at=promised_at,
        )  # fmt: skip
        by, commitment = stage.by(owed.by), follow_up.commitment
        if owed.state == "kept":
            commitments.keep(commitment=commitment, by=by, at=due_at - timedelta(hours=2))
        elif owed.state == "acknowledged":
            commitments.acknowledge(commitment=commitment, by=by, at=stage.at - timedelta(hours=1))
        elif owed.state == "snoozed":
            commitments.snooze(
                commitment=commitment, until=stage.working_day(4, 9), by=by, at=stage.at - timedelta(hours=3)
            )
        elif owed.state == "waiting":
            said = "They check with their workshop how many."
            waiting.wait(commitment=commitment, reason=said, by=by, at=stage.ago(2))


def promise_updates(stage: Stage) -> None:
    """Promise customers to tell them how it stands; and owe what keeping in touch asks for."""
    for told in UPDATES:
        new = updates.NewUpdate([stage.contacts[name] for name in told.to], told.about, _due(stage, told))
        updates.promise(
            new=new, dossier=stage.dossier(told.on), topic=stage.topics[told.topic], by=stage.by(told.by),
            at=stage.ago(told.ago),
        )  # fmt: skip
    keeping_in_touch.reconcile()


def _due(stage: Stage, owed: Owed | Told) -> datetime:
    if owed.due[0] == "minutes":
        return stage.in_minutes(owed.due[1])
    _unit, days, hour = owed.due
    return stage.working_day(days, hour)


def receive(stage: Stage) -> None:
    """Log what came in and wants an answer."""
    for inbound in sorted(INBOUND, key=lambda inbound: -inbound.minutes):
        moment = stage.at - timedelta(minutes=inbound.minutes)
        log(touch=_touch(stage, inbound, moment), by=stage.by(inbound.taken_by), at=moment + timedelta(minutes=1))


def _touch(stage: Stage, inbound: Inbound, moment: datetime) -> Touch:
    return Touch(
        channel=stage.channels[inbound.channel],
        direction="in",
        topic=stage.topics[inbound.topic],
        contact=stage.contacts.get(inbound.contact),
        project=stage.projects.get(inbound.project),
        touch_point=stage.doors.get(inbound.door),
        purpose=stage.purposes[inbound.purpose],
        outcome=stage.outcomes.get(inbound.outcome),
        occurred_at=moment,
        seconds=240 if inbound.channel == "phone" else None,
        note=inbound.text,
        caller=inbound.caller,
    )
