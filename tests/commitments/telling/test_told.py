"""Who was told so far, in words: what left the house, what was taken back, and what was left out and why."""

import pytest

from crm.commitments import actions, waiting
from crm.commitments.telling import told
from crm.outbox.models import Message
from tests.commitments.conftest import moment


def said(commitment):
    return [(t.what, t.who, t.how) for t in told.so_far(commitment)]


def test_a_mail_goes_before_the_inbox_and_says_what_became_of_it(house):
    c = house.promise()
    house.sweep_at("Tue 10:00")
    assert said(c) == [("Reminder", "Ann", "by mail, on its way")]
    Message.objects.filter(state="ready").update(state="sent", ended_at=moment("Tue 10:01"))
    assert said(c) == [("Reminder", "Ann", "by mail")]
    row = told.so_far(c)[0]
    assert (row.is_told, row.at) == (True, moment("Tue 10:01"))


@pytest.mark.parametrize(
    ("state", "how", "is_told"),
    [
        ("dead", "by mail, could not be delivered", False),
        ("dropped", "by mail, not needed any more", False),
        ("uncertain", "by mail, perhaps delivered", True),
    ],
)
def test_what_never_arrived_was_not_told(house, state, how, is_told):
    c = house.promise()
    house.sweep_at("Tue 10:00")
    Message.objects.filter(state="ready").update(state=state, ended_at=moment("Tue 10:01"))
    assert [(t.how, t.is_told) for t in told.so_far(c)] == [(how, is_told)]


def test_what_was_taken_back_says_by_which_act(house):
    c = house.promise()
    house.sweep_at("Tue 10:00")
    waiting.wait(commitment=c, by=house.by, at=house.at("Tue 11:00"))
    assert said(c) == [("Reminder", "Ann", "taken back: it waits for the customer")]


def test_what_was_left_out_says_why(house):
    c = house.promise(due_at=moment("Mon 17:00"))  # a working day before it is past
    house.sweep_at("Mon 10:00")
    assert said(c) == [("Reminder", "who answers", "left out: its moment had passed when it was promised, or changed")]


def test_without_an_address_it_is_the_inbox(house):
    type(house.ann).objects.filter(pk=house.ann.pk).update(email="")
    house.ann.user.email = ""
    house.ann.user.save()
    c = house.promise()
    house.sweep_at("Tue 10:00")
    assert said(c)[0][:2] == ("Reminder", "Ann")


def test_another_act_tells_the_next_one(house):
    c = house.promise()
    actions.reassign(commitment=c, poc=house.ben, by=house.by, at=house.at("Tue 11:00"))
    house.sweep_at("Tue 11:00")
    assert ("Given to them", "Ben", "by mail, on its way") in said(c)
