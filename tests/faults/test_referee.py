"""A referee that cannot find fault is worthless: each fault is made here, and it says so."""

import json
import time
from collections.abc import Callable, Iterator
from copy import copy, deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from crm.commitments import actions
from crm.commitments.models import Commitment, Finding, Notification
from crm.commitments.planning import planner
from crm.core.clock import now
from crm.outbox import sender
from crm.outbox.models import DeliveryAttempt, Message
from tests import clock
from tests.faults import world
from tests.faults.acted import DONE, NINE, Day
from tests.faults.ledger import ASKED, Ledger, Mail, Notice
from tests.faults.referee import Verdict, judge
from tests.faults.story import BACKUP, ESCALATION, POC, REMINDER, Act, Batch, Step, Story, Turn
from tests.services import databases
from tests.services.sink import Sink

STEPS = [Step(REMINDER, POC, -60), Step(REMINDER, POC), Step(ESCALATION, BACKUP, 60)]
AT = datetime(2026, 3, 4, 9, tzinfo=UTC)


class Played:
    """A story that went well: three promises, one of them given away, each told on every step."""

    def __init__(self, name: str, log: Path) -> None:
        self.name, self.log = name, log
        clock.freeze(AT)
        world.set_ladder(STEPS)
        self.staff = world.people(4, "a")
        promises = world.promises(self.staff[:3], 3, "a", first=timedelta(hours=2), over=timedelta())
        self.batch = Batch("a", STEPS, promises, copies=2)
        self.story = Story([self.batch], [Turn(0, AT, 0)], leads=world.leads(self.staff))
        self.sweep()
        self.later(hours=1.5)
        self.reassign(0)
        for hours in (2.1, 3.2):
            self.later(hours=hours)
        self.story.until = now()

    def later(self, *, hours: float) -> None:
        clock.freeze(AT + timedelta(hours=hours))
        self.sweep()

    def sweep(self) -> None:
        planner.sweep()
        sender.sweep()

    def reassign(self, i: int) -> None:
        at, to = now(), self.staff[3].poc
        c = actions.reassign(commitment=self.commitment(i), poc=to, by=world.BY, at=at)
        tried = DeliveryAttempt.objects.filter(message__notifications__commitment=c).count()
        self.batch.acts.append(Act("reassign", c.title, at, at, c.generation, tried, to.email))

    def commitment(self, i: int) -> Commitment:
        return world.commitment(self.batch.promises[i].title)

    def notice(self, i: int, step: int, channel: str = "email") -> Notification:
        rows = Notification.objects.filter(commitment=self.commitment(i), channel=channel, step=step)
        return rows.order_by("generation").last()

    def judge(self) -> Verdict:
        return judge(self.story, Mail.read(self.log), Ledger.read(databases.url_of(self.name)))

    def mails(self) -> list[dict]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def write(self, mails: list[dict]) -> None:
        self.log.write_text("".join(json.dumps(mail) + "\n" for mail in mails))


@pytest.fixture
def played(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Played]:
    sink = Sink(tmp_path / "sink.jsonl")
    monkeypatch.setattr(settings, "EMAIL_HOST", "127.0.0.1")
    monkeypatch.setattr(settings, "EMAIL_PORT", sink.port)
    yield Played(database, tmp_path / "sink.jsonl")
    sink.stop()


def delete_a_notice(played: Played) -> None:
    Notification.objects.filter(pk=played.notice(1, 1).pk).delete()


def delete_an_inbox_entry(played: Played) -> None:
    Notification.objects.filter(pk=played.notice(1, 1, "inbox").pk).delete()


def lose_a_mail(played: Played) -> None:
    played.write(played.mails()[:-1])


def forget_a_skipped_step(played: Played) -> None:
    gone = Notification.objects.filter(state="skipped", commitment=played.commitment(0))
    assert gone.delete()[0]


def double_a_mail_under_another_id(played: Played) -> None:
    mail = played.mails()[0]
    played.write([*played.mails(), mail | {"message_id": "<00000000-0000-4000-8000-000000000000@a.example>"}])


def decide_twice(played: Played) -> None:
    notice = played.notice(1, 1)
    message = notice.message
    message.pk, message.msgid = None, "00000000-0000-4000-8000-000000000001"
    message.save()
    notice.pk, notice.idem_key, notice.message = None, notice.idem_key + "x", message
    notice.save()


def send_a_third_copy(played: Played) -> None:
    played.write([*played.mails(), played.mails()[0], played.mails()[0]])


def reach_somebody_else(played: Played) -> None:
    first, *rest = played.mails()
    played.write([first | {"recipient": "somebody@else.example"}, *rest])


def tell_somebody_else(played: Played) -> None:
    Notification.objects.filter(pk=played.notice(2, 1).pk).update(recipient=played.staff[3].poc)


def try_again_for_whoever_had_it(played: Played) -> None:
    earlier = Message.objects.filter(notifications__generation=1, notifications__commitment=played.commitment(0))
    message = earlier.filter(channel="email").first()
    DeliveryAttempt.objects.create(message=message, n=9, phase="data", intent_at=now())


def try_too_early(played: Played) -> None:
    message = played.notice(1, 2).message
    message.delivery_attempts.update(intent_at=AT + timedelta(hours=2, minutes=30))


def tell_of_a_step_that_never_was(played: Played) -> None:
    notice = played.notice(1, 1)
    notice.pk, notice.step, notice.idem_key, notice.message = None, 7, notice.idem_key + "y", None
    notice.save()


def leave_a_finding(played: Played) -> None:
    Finding.objects.create(code="overdue_look", subject="c:1", found_at=now(), seen_at=now())


def expect_another_step(played: Played) -> None:
    played.batch.steps = [*STEPS, Step(ESCALATION, BACKUP)]
    assert played.story.until
    played.story.until += timedelta(minutes=2)  # so long it may take until it is noticed that a step was handed off


def test_a_story_that_went_well_is_clean(played):
    verdict = played.judge()
    assert verdict.sentences == []
    assert verdict.expected == 10  # three steps of three promises, and the notice to whoever was given one
    assert dict(verdict.copies) == {1: 10}  # with the one that an act overtook, without the one that was skipped
    assert verdict.is_clean


@pytest.mark.sqlite  # the tables are read in the same words on either
@pytest.mark.parametrize(
    ("fault", "sort"),
    [
        (delete_a_notice, "lost"),
        (delete_an_inbox_entry, "lost"),
        (lose_a_mail, "lost"),
        (forget_a_skipped_step, "lost"),
        (expect_another_step, "lost"),
        (double_a_mail_under_another_id, "duplicate"),
        (decide_twice, "duplicate"),
        (send_a_third_copy, "copies"),
        (reach_somebody_else, "wrong recipient"),
        (tell_somebody_else, "wrong recipient"),
        (try_again_for_whoever_had_it, "wrong recipient"),
        (try_too_early, "early"),
        (tell_of_a_step_that_never_was, "unexpected"),
        (leave_a_finding, "auditor"),
    ],
)
def test_each_fault_is_found(played, fault: Callable[[Played], None], sort: str):
    fault(played)
    verdict = played.judge()
    assert sort in verdict.faults, verdict.sentences
    assert not verdict.is_clean


def test_what_is_listed_as_perhaps_delivered_is_not_lost(played):
    message = played.notice(1, 1).message
    lost = [mail for mail in played.mails() if str(message.msgid) not in mail["message_id"]]
    played.write(lost)
    Message.objects.filter(pk=message.pk).update(state="uncertain", n_ambiguous=2)
    verdict = played.judge()
    assert verdict.is_clean, verdict.sentences
    assert verdict.listed == 1


# --- Every act, and every way in which it could go wrong -------------------------------------------------------------

TOLD_LAST = {  # promise → the generation, step and repeat of what is told last
    "nothing": (1, 2, 0), "acknowledge": (2, 2, 0), "snooze": (2, 2, 0), "wait": (2, ASKED, 2), "resume": (3, 2, 0),
    "redue": (2, 2, 0), "reassign": (2, 2, 0), "reopen": (3, 2, 0), "cover": (1, 2, 0), "climb": (1, 2, 0),
}  # fmt: skip
CLOSED = ("keep", "cancel")
ACTED_ON = [name for name in DONE if DONE[name]]
_days: list[Day] = []  # lived through once; each test has a copy of what is left of it


@pytest.fixture
def day(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Day:
    if not _days:
        sink = Sink(tmp_path / "sink.jsonl")
        monkeypatch.setattr(settings, "EMAIL_HOST", "127.0.0.1")
        monkeypatch.setattr(settings, "EMAIL_PORT", sink.port)
        database = request.getfixturevalue("database")
        _days.append(Day(tmp_path / "sink.jsonl", databases.url_of(database)))
        sink.stop()
    day = copy(_days[0])
    day.ledger = deepcopy(day.ledger)
    return day


def rewrite(day: Day, name: str, key: tuple[int, int, int], **values: Any) -> None:
    """Let what was told of a promise under a key be otherwise."""
    rows = day.ledger.notices[day.titles[name]]
    assert any(key_of(n) == key for n in rows)
    rows[:] = [replace(n, **values) if key_of(n) == key else n for n in rows]


def faults(day: Day, name: str) -> set[str]:
    """Return of what sorts the faults are; all of them are of this promise."""
    verdict = judge(day.story, day.mails, day.ledger)
    assert all(day.titles[name] in sentence for sentence in verdict.sentences), verdict.sentences
    return set(verdict.faults)


def test_a_day_on_which_everything_is_done_is_clean(day):
    verdict = judge(day.story, day.mails, day.ledger)
    assert verdict.sentences == []
    assert verdict.expected == 28  # of each what its last act asks for; nothing of what was settled
    told = {(name, n.generation, n.step, n.repeat) for name in DONE for n in day.ledger.notices[day.titles[name]]}
    assert {(name, *key) for name, key in TOLD_LAST.items()} <= told


@pytest.mark.parametrize("name", TOLD_LAST)
def test_a_notice_that_is_missing_is_lost_whatever_was_done(day, name):
    rows = day.ledger.notices[day.titles[name]]
    rows[:] = [n for n in rows if key_of(n) != TOLD_LAST[name]]
    assert "lost" in faults(day, name)


@pytest.mark.parametrize("name", DONE)
def test_a_notice_too_many_is_unexpected_whatever_was_done(day, name):
    rows = day.ledger.notices[day.titles[name]]
    generation, step, repeat = TOLD_LAST.get(name, (2, 2, 0))
    rows.append(replace(rows[-1], generation=generation, step=step, repeat=repeat + 1, msgid="", state="planned"))
    assert faults(day, name) == {"unexpected"}


@pytest.mark.parametrize("name", TOLD_LAST)
def test_a_notice_for_somebody_else_is_found_whatever_was_done(day, name):
    rewrite(day, name, TOLD_LAST[name], address="somebody@else.example")
    assert "wrong recipient" in faults(day, name)


@pytest.mark.parametrize("name", TOLD_LAST)
def test_a_notice_before_its_moment_is_early_whatever_was_done(day, name):
    since = next(n.decided_at for n in day.ledger.notices[day.titles[name]] if key_of(n) == TOLD_LAST[name])
    rewrite(day, name, TOLD_LAST[name], decided_at=since - timedelta(minutes=20))
    assert "early" in faults(day, name)


@pytest.mark.parametrize("name", ACTED_ON)
def test_what_is_decided_after_the_act_for_what_was_before_it_is_found(day, name):
    act = [act for act in day.batch.acts if act.title == day.titles[name]][-1]
    told = day.ledger.notices[day.titles["nothing"]][-1]
    day.ledger.notices[day.titles[name]].append(
        replace(told, generation=act.generation - 1, step=1, decided_at=act.over + timedelta(seconds=1))
    )
    assert "after the act" in faults(day, name)


@pytest.mark.parametrize("name", [name for name in ACTED_ON if name not in ("wait", "resume")])  # told at eleven
def test_what_is_sent_after_the_act_for_what_was_before_it_is_found(day, name):
    rewrite(day, name, (1, 1, 0), attempts=2)
    assert "wrong recipient" in faults(day, name)


@pytest.mark.parametrize("name", TOLD_LAST)
def test_what_is_never_looked_at_again_is_found(day, name):
    title = day.titles[name]
    day.ledger.owed[title] = replace(day.ledger.owed[title], next_look=None)
    assert faults(day, name) == {"standing"}


@pytest.mark.parametrize("name", CLOSED)
def test_what_is_settled_and_yet_stands_open_is_found(day, name):
    title = day.titles[name]
    day.ledger.owed[title] = replace(day.ledger.owed[title], state="open")
    assert faults(day, name) == {"standing"}


@pytest.mark.parametrize("name", DONE)
def test_what_is_due_at_another_moment_than_the_acts_say_is_found(day, name):
    title = day.titles[name]
    day.ledger.owed[title] = replace(day.ledger.owed[title], due=day.ledger.owed[title].due + timedelta(seconds=1))
    assert faults(day, name) == {"standing"}


def test_a_slot_that_was_passed_by_and_not_recorded_is_found(day):
    rows = day.ledger.notices[day.titles["climb"]]
    rows[:] = [n for n in rows if n.state != "skipped" or n.step != 2]
    assert faults(day, "climb") == {"lost"}


def test_a_mail_that_left_for_somebody_who_had_come_back_from_covering_is_found(day):
    rewrite(day, "cover", (1, 1, 0), last_intent_at=NINE + timedelta(hours=6))  # whom it covers is back since two
    assert faults(day, "cover") == {"wrong recipient"}


def test_a_mail_that_tells_of_more_says_what_it_is_to_say_and_nothing_that_was_taken_back(day):
    title, other = day.titles["keep"], day.titles["nothing"]
    told = next(n for n in day.ledger.notices[title] if key_of(n) == (1, 1, 0) and n.msgid and n.channel == "email")
    day.mails = [replace(m, said=[title, other] if m.msgid == told.msgid else None) for m in day.mails]
    rewrite(day, "keep", (1, 1, 0), state="superseded", is_alone=False)
    assert faults(day, "keep") == set()  # it left before the act
    day.ledger.attempts[told.msgid] = [at + timedelta(hours=1) for at in day.ledger.attempts[told.msgid]]
    assert faults(day, "keep") == {"wrong recipient"}
    day.mails = [replace(m, said=[other] if m.msgid == told.msgid else None) for m in day.mails]
    assert faults(day, "keep") == set()
    rewrite(day, "keep", (1, 1, 0), state="planned")
    assert faults(day, "keep") == {"lost"}


def test_what_is_taken_from_its_reader_who_answers_is_found(day):
    rewrite(day, "nothing", (1, 1, 0), state="superseded", reason="not_theirs")
    assert "unexpected" in faults(day, "nothing")


def test_a_generation_that_nobody_began_is_found(day):
    title = day.titles["snooze"]
    day.ledger.owed[title] = replace(day.ledger.owed[title], generation=3)
    assert faults(day, "snooze") == {"standing"}


def key_of(notice: Notice) -> tuple[int, int, int]:
    return notice.generation, notice.step, notice.repeat


# --- The clock -------------------------------------------------------------------------------------------------------


def test_a_moment_of_the_product_is_found_again_on_the_machine():
    story = Story(turns=[Turn(100, AT, 1), Turn(110, AT + timedelta(seconds=10), 60)])
    assert story.shown(111) == AT + timedelta(seconds=70)
    assert story.seconds(AT + timedelta(seconds=5), 112) == pytest.approx(7)
    assert story.seconds(AT + timedelta(seconds=70), 112) == pytest.approx(1)
    assert story.seconds(AT + timedelta(seconds=500), 112) == 0


def test_the_clock_runs_faster_from_where_it_is(database):
    clock.shift(3600)
    real, shown = clock.lapse(3600)
    assert abs(shown - real - timedelta(hours=1)) < timedelta(minutes=1)
    begun = time.monotonic()
    first = now()
    time.sleep(0.11)  # SQLite counts in milliseconds, here 3.6 s each
    passed = now() - first
    assert timedelta(seconds=360) <= passed <= timedelta(hours=time.monotonic() - begun + 0.01)
