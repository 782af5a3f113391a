"""What was said over the last months: a few hundred touches, drawn from what is told in `talk`."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from contacts.models import Contact
from crm.core.working_time import combine
from crm.desk.demo.humans import HUMANS
from crm.desk.demo.jobs import JOBS
from crm.desk.demo.organisations import ORGANISATIONS, Organisation
from crm.desk.demo.people import FIRM, PEOPLE
from crm.desk.demo.stage import FRIDAY, Stage
from crm.desk.demo.talk import TALKS, Talk
from crm.dossiers.models import Channel
from crm.poc.resolve import Question, resolve_many
from interactions.history import PastTouch, log_many
from projects.models import Project

TOUCHES = 200
DAYS = 150  # that they reach back
WEIGHTS = {"a": 6, "b": 3, "c": 2, "": 1}  # how much is said with accounts of a tier
ABOUT = {  # what is spoken about with whom
    "customer": ("general", "commercial", "technical", "technical", "delivery", "billing"),
    "prospect": ("general", "commercial", "commercial"),
    "partner": ("general", "delivery"),
    "supplier": ("general", "delivery"),
    "former": ("general", "commercial"),
}
LATE = 0.08  # how many were logged on the next day


@dataclass(frozen=True, slots=True)
class Said:
    """One touch to be: what, with whom, when."""

    talk: Talk
    contact: Contact
    project: Project | None
    moment: datetime


def remember(stage: Stage) -> None:
    """Log them all, each by whoever answered then, mostly on the same day."""
    rng = Random(1)  # the same firm every time
    told: Counter[tuple[str, Talk]] = Counter()
    said = sorted((_said(stage, rng, told) for _n in range(TOUCHES)), key=lambda s: s.moment)
    asked = [Question((s.project or s.contact).dossier.pk, stage.topics[s.talk.topic].pk, at=s.moment) for s in said]
    answers = resolve_many(asked, at=stage.at)
    keys = {stage.pocs[key].pk: key for key in stage.pocs}
    for s, question in zip(said, asked, strict=True):
        logger = _logger(keys.get(answers[question].poc_id, "sofia"), rng)
        delay = timedelta(hours=rng.randint(17, 23)) if rng.random() < LATE else timedelta(minutes=rng.randint(1, 25))
        log_many(touches=[_touch(stage, s, rng)], by=stage.by(logger), at=min(s.moment + delay, stage.at))


def _said(stage: Stage, rng: Random, told: Counter[tuple[str, Talk]]) -> Said:
    org = rng.choices(ORGANISATIONS, [WEIGHTS[org.tier] for org in ORGANISATIONS])[0]
    people = [human for human in HUMANS if human.account == org.key]
    topic = rng.choice(ABOUT[org.kind])
    concerned = [h for h in people if topic in h.roles or (topic == "commercial" and "buyer" in h.roles)]
    contact = stage.contacts[rng.choice(concerned or people).name]
    talk = _talk(org, topic, rng, told)
    moment = _moment(stage, org, rng)
    jobs = [job for job in JOBS if job.account == org.key and _began(stage, job.starts, moment)]
    with_project = jobs and rng.random() < 0.7
    return Said(talk, contact, stage.projects[rng.choice(jobs).name] if with_project else None, moment)


def _began(stage: Stage, starts: int | None, moment: datetime) -> bool:
    return starts is not None and stage.ago(-starts) < moment


def _talk(org: Organisation, topic: str, rng: Random, told: Counter[tuple[str, Talk]]) -> Talk:
    """Something that fits the country and was said least there so far."""
    fitting = [talk for talk in TALKS if talk.topic == topic and talk.country in ("", org.country)]
    least = min(told[org.key, talk] for talk in fitting)
    talk = rng.choice([talk for talk in fitting if told[org.key, talk] == least])
    told[org.key, talk] += 1
    return talk


def _moment(stage: Stage, org: Organisation, rng: Random) -> datetime:
    """Some working day, rather a recent one, in office hours."""
    back = min(DAYS + org.quiet, org.since - 3) - org.quiet
    day = stage.today - timedelta(days=1 + org.quiet + int(back * rng.random() ** 1.7))
    if day.weekday() > FRIDAY:
        day -= timedelta(days=day.weekday() - FRIDAY + rng.randrange(FRIDAY + 1))
    moment = combine(FIRM["zone"], day, time(rng.randint(9, 17), rng.randrange(0, 60, 5)))
    return min(moment, stage.at - timedelta(hours=4)).astimezone(ZoneInfo("UTC"))


def _logger(key: str, rng: Random) -> str:
    members = [person.key for person in PEOPLE if person.team == key]
    return rng.choice(members) if members else key


def _touch(stage: Stage, s: Said, rng: Random) -> PastTouch:
    channel = stage.channels[s.talk.channel]
    outcome = _outcome(channel, s.talk, rng)
    unheard = outcome in ("no_answer", "left_message")
    return PastTouch(
        channel=channel,
        direction=s.talk.direction,
        topic=stage.topics[s.talk.topic],
        contact=s.contact,
        project=s.project,
        purpose=stage.purposes[s.talk.purpose],
        outcome=stage.outcomes[outcome],
        occurred_at=s.moment,
        seconds=None if unheard else _seconds(channel, rng),
        note="" if unheard else s.talk.text,
    )


def _outcome(channel: Channel, talk: Talk, rng: Random) -> str:
    if channel.verb == Channel.Verb.MEET:
        return "met"
    if talk.direction == "in":
        spoken = "reached" if channel.code == "phone" else "answered"
        return "resolved" if talk.purpose in ("problem", "request") else spoken
    if channel.code == "phone":
        return rng.choices(["reached", "no_answer", "left_message"], [70, 20, 10])[0]
    return "sent"


def _seconds(channel: Channel, rng: Random) -> int | None:
    minutes = {"phone": (2, 25), "in_person": (30, 120), "event": (10, 40)}.get(channel.code)
    return rng.randint(*minutes) * 60 if minutes else None
