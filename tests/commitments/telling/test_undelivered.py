"""A mail that failed is told to whoever is next in line: exactly once, and never silently not."""

from datetime import timedelta

import pytest

from crm.commitments import actions
from crm.commitments.models import Commitment, Notification
from crm.outbox import sender
from crm.outbox.models import Message
from crm.poc.models import PointOfContact
from tests.commitments.conftest import WEDNESDAY, moment
from tests.factories.commitments import change_ladder
from tests.factories.poc import MembershipFactory, PersonFactory, TeamFactory, front_desk

REMINDER = {"kind": "reminder", "slot": "poc"}


@pytest.fixture
def post(house, sink, settings):
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", sink.port
    return sink


def run(house, *moments):
    """Plan and send at these moments, twice each: what failed is told by the second."""
    for text in moments:
        for _ in range(2):
            house.sweep_at(text)
            sender.sweep()


def names(**only):
    """Whom a mail was meant for that stands in for another, in order."""
    rows = Notification.objects.planned().filter(channel="email", kind="undelivered", **only).order_by("pk")
    return list(rows.values_list("recipient__name", flat=True))


def refuse(post, *people):
    post.rules |= {person.email: "550" for person in people}


def test_the_backup_is_told_once_what_the_mail_would_have_said(house, post):
    house.promise()
    refuse(post, house.ann)
    run(house, "Tue 10:00", "Tue 10:01", "Tue 10:02")
    [mail] = post.to(house.ben.email)
    assert mail.message["Subject"] == "A mail to Ann could not be delivered"
    text = mail.message.get_body(["plain"]).get_content()
    assert "Call Ms Lima" in text
    assert "550 No such user" in text
    assert names() == ["Ben"]


def test_whose_address_is_refused_too_is_passed_over_and_the_front_desk_comes_last(house, post):
    house.promise()
    refuse(post, house.ann, house.ben, house.lea)
    run(house, "Tue 10:00", "Tue 10:01", "Tue 10:02")
    assert names() == ["Ben", "Lea", "Dora"]
    assert [mail.message["Subject"] for mail in post.to(house.dora.email)].count(
        "A mail to Ann could not be delivered"
    ) == 1


def test_where_every_address_is_refused_it_ends_and_all_is_listed(house, post):
    house.promise()
    refuse(post, house.ann, house.ben, house.lea, house.dora)
    run(house, "Tue 10:00", "Tue 10:01", "Tue 10:02", "Tue 10:03")
    assert post.mails == []
    assert names() == ["Ben", "Lea", "Dora"]
    assert not Message.objects.filter(state="ready").exists()


def test_the_administrators_learn_once_that_an_address_is_refused(house, post):
    admin = PersonFactory(name="Ada", signs_in=True)
    admin.user.groups.add(*admin.user.groups.model.objects.filter(name="administrator"))
    house.promise()
    house.promise(title="Send the offer")
    refuse(post, house.ann)
    run(house, "Tue 10:00", "Wed 10:00")
    [mail] = post.to(admin.email)
    assert mail.message["Subject"] == "Mails to Ann come back"
    assert house.ann.email in mail.message.get_body(["plain"]).get_content()


def test_an_escalation_that_cannot_be_delivered_goes_one_up_and_stands_there(house, post):
    house.promise()
    refuse(post, house.ben)
    run(house, "Wed 10:00", "Wed 16:00")
    assert names() == ["Lea"]
    assert Commitment.objects.get().escalated_to == house.lea


def test_the_ladder_goes_on_from_where_the_mail_ended(house, post):
    change_ladder(
        "follow_up",
        REMINDER,
        {"kind": "escalation", "slot": "lead", "amount": 2, "unit": "hours", "anchor": "hand_off"},
    )
    house.promise()
    refuse(post, house.ann)
    run(house, "Wed 10:00", "Wed 11:59")
    assert post.to(house.lea.email) == []
    run(house, "Wed 12:00", "Wed 12:02")
    assert len(post.to(house.lea.email)) == 1


def test_where_others_of_the_team_have_it_nobody_more_is_told(house, post):
    tia, tom = people = [PersonFactory(name="Tia"), PersonFactory(name="Tom")]
    house.promise(poc=TeamFactory(members=people, delivery="all"))
    refuse(post, tia)
    run(house, "Tue 10:00", "Tue 10:01")
    assert len(post.to(tom.email)) == 1
    assert names() == []
    assert Notification.objects.get(kind="undelivered").reason == "told_already"


def test_what_is_done_meanwhile_is_told_to_nobody(house, post):
    commitment = house.promise()
    refuse(post, house.ann)
    house.sweep_at("Tue 10:00")
    sender.sweep()
    actions.keep(commitment=commitment, by=house.by, at=moment("Tue 10:00"))
    run(house, "Tue 10:01")
    assert post.to(house.ben.email) == []


def test_a_mail_that_perhaps_arrived_is_told_of_in_other_words(house, post):
    house.promise()
    post.rules[house.ann.email] = "drop"
    run(house, "Tue 10:00", "Tue 11:00", "Tue 11:01")
    assert Message.objects.get(state="uncertain").recipient == house.ann
    [mail] = post.to(house.ben.email)
    assert mail.message["Subject"] == "A mail to Ann may not have arrived"


def test_what_became_too_old_is_told_of(house, post):
    house.promise()
    house.sweep_at("Tue 10:00")
    post.rules[house.ann.email] = "451"
    sender.sweep()
    house.clock.freeze(moment("Tue 10:00") + timedelta(days=3, minutes=31))
    sender.sweep()
    assert Message.objects.get(state="dead").reason == "too_old"
    assert names() == ["Ben"]


def test_news_that_cannot_be_delivered_is_told_to_the_readers_lead(house, post):
    actions.notify(
        idem_key="a:1:new", kind="assigned_new", recipient_poc_ids=[house.ann.pk], dossier=None,
        context={"topic": "Billing", "by": "Max"}, by=house.by, at=house.at("Mon 10:00"),
    )  # fmt: skip
    refuse(post, house.ann)
    run(house, "Mon 10:00")
    assert names() == ["Lea"]


def test_while_an_address_is_marked_each_notice_goes_to_the_next_in_line_and_urgent_ones_to_both(house, post):
    change_ladder("follow_up", REMINDER | {"amount": -1, "unit": "hours"}, REMINDER | {"urgent": True})
    house.promise()
    refuse(post, house.ann)
    run(house, "Wed 09:00")
    post.rules.clear()
    house.promise(title="Send the offer", due_at=WEDNESDAY + timedelta(hours=1))
    run(house, "Wed 10:00")
    assert names() == ["Ben", "Ben"]  # of the first, and of the offer an hour ahead
    assert len(post.to(house.ann.email)) == 1  # what is urgent: it arrived, so that the mark is gone
    assert PointOfContact.objects.get(pk=house.ann.pk).refused_address == ""


def test_who_was_told_in_anothers_place_and_left_meanwhile_is_passed_over(house, post):
    house.promise()
    refuse(post, house.ann)
    house.sweep_at("Tue 10:00")
    sender.sweep()
    post.rules[house.ben.email] = "451"
    run(house, "Tue 10:01")
    PointOfContact.objects.filter(pk=house.ben.pk).update(deactivated_at=moment("Tue 10:02"))
    post.rules[house.ben.email] = "accept"
    run(house, "Tue 10:30", "Tue 11:00")
    assert post.to(house.ben.email) == []
    assert names() == ["Lea"]
    assert len(post.to(house.lea.email)) == 1


def test_the_front_desks_other_people_are_told_where_one_of_them_cannot_be(house, post):
    MembershipFactory(team=front_desk(), member=PersonFactory(name="Emil", signs_in=True))
    house.promise(poc=front_desk())
    refuse(post, house.dora)
    run(house, "Tue 10:00", "Tue 10:01")
    assert len([m for m in post.mails if "Call Ms Lima" in m.message["Subject"]]) == 1
    assert names() == []
