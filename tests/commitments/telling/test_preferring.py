"""How somebody wants to be told: what may be chosen, what is recorded, and what waits for a digest."""

from datetime import time
from functools import partial

import pytest

from crm.commitments import actions
from crm.commitments.models import Notification
from crm.commitments.telling import groups
from crm.commitments.telling.preferring import GROUPS, NoSuchGroup, NoSuchWay, QuietFromUntil, prefer, want_no_mail
from crm.dossiers.changes import Thing, changes_of
from crm.dossiers.models import Event
from crm.poc.models import PointOfContact
from crm.poc.preferences import NoticePreference
from tests.together import together


def wishes(house, **values):
    usual = {"by_email": {}, "digest_at": time(8), "quiet_from": None, "quiet_until": None}
    return prefer(poc=house.ann, **(usual | values), by=house.by, at=house.at("Mon 10:00"))


def test_what_one_wants_is_kept_and_what_is_usual_needs_no_word(house):
    wishes(house, by_email={"reminders": "digest", "news": "never", "given": "at_once"}, digest_at=time(7, 30))
    kept = NoticePreference.objects.get(poc=house.ann)
    assert (kept.by_email, kept.digest_at) == ({"reminders": "digest", "news": "never"}, time(7, 30))
    wishes(house)
    assert NoticePreference.objects.get(poc=house.ann).by_email == {}


def test_the_same_again_changes_nothing(house):
    wishes(house)
    assert not NoticePreference.objects.exists()
    wishes(house, by_email={"news": "never"})
    n_events = Event.objects.count()
    wishes(house, by_email={"news": "never"})
    assert Event.objects.count() == n_events


def test_it_is_recorded_with_old_and_new(house):
    wishes(house, by_email={"news": "digest"}, quiet_from=time(22), quiet_until=time(7))
    wishes(house, by_email={"news": "never"}, quiet_from=time(22), quiet_until=time(7))
    first, second = Event.objects.filter(kind="changed", facts__poc=house.ann.pk).order_by("pk")
    own = Thing("Ann", PointOfContact)
    said = [[(c.label, c.old, c.new) for c in changes_of(e, e.personal.values, own)] for e in (first, second)]
    assert said == [
        [("News by mail", "at once", "in the daily digest"), ("No mails from", "", "22:00"),
         ("No mails until", "", "07:00")],
        [("News by mail", "in the daily digest", "not by mail")],
    ]  # fmt: skip
    assert first.actor == house.by.user


@pytest.mark.parametrize(
    ("values", "refusal"),
    [
        ({"by_email": {"escalations": "never"}}, NoSuchGroup),
        ({"by_email": {"alarms": "digest"}}, NoSuchGroup),
        ({"by_email": {"gossip": "never"}}, NoSuchGroup),
        ({"by_email": {"news": "weekly"}}, NoSuchWay),
        ({"quiet_from": time(22)}, QuietFromUntil),
        ({"quiet_until": time(7)}, QuietFromUntil),
        ({"quiet_from": time(7), "quiet_until": time(7)}, QuietFromUntil),
    ],
)
def test_what_makes_no_sense_or_must_come_is_refused(house, values, refusal):
    with pytest.raises(refusal):
        wishes(house, **values)
    assert not NoticePreference.objects.exists()


def test_every_group_but_those_that_come_at_once_can_be_chosen_for():
    every = {groups.REMINDERS, groups.ANSWERS, groups.GIVEN, groups.NEWS, *groups.AT_ONCE}
    assert set(GROUPS) == every - set(groups.AT_ONCE)


def test_what_waits_for_the_digest_follows_what_one_wants_now(house):
    wishes(house, by_email={"news": "digest"}, digest_at=time(17))
    actions.notify(
        idem_key="e:1", kind="logged", recipient_poc_ids=[house.ann.pk], dossier=house.record, context={},
        by=house.by, at=house.at("Mon 10:00"),
    )  # fmt: skip
    mail = Notification.objects.filter(channel="email")
    assert f"{mail.get().tell_at:%H:%M}" == "17:00"
    wishes(house, by_email={"news": "digest"}, digest_at=time(12))
    assert f"{mail.get().tell_at:%H:%M}" == "12:00"
    wishes(house, by_email={"news": "never"}, digest_at=time(12))
    assert mail.get().state == "superseded"


def test_fewer_mails_leaves_the_rest_as_it_is(house):
    wishes(
        house,
        by_email={"given": "digest", "news": "digest"},
        digest_at=time(17),
        quiet_from=time(20),
        quiet_until=time(6),
    )
    want_no_mail(poc=house.ann, unwanted=["news", "reminders"], by=house.by, at=house.at("Mon 11:00"))
    kept = NoticePreference.objects.get()
    assert kept.by_email == {"given": "digest", "news": "never", "reminders": "never"}
    assert (kept.digest_at, kept.quiet_from, kept.quiet_until) == (time(17), time(20), time(6))
    with pytest.raises(NoSuchGroup):
        want_no_mail(poc=house.ann, unwanted=["escalations"], by=house.by, at=house.at("Mon 11:00"))


def test_of_two_who_want_fewer_mails_at_once_neither_is_lost(house_alone):
    ann, at = house_alone.ann, house_alone.at("Mon 10:00")
    less = partial(want_no_mail, poc=ann, by=house_alone.by, at=at)
    together(partial(less, unwanted=[groups.NEWS]), partial(less, unwanted=[groups.GIVEN]))
    assert NoticePreference.objects.get(poc=ann).by_email == {"news": "never", "given": "never"}
