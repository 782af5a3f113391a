"""An address that a mail server refused for good: marked, left alone, and believed again."""

from datetime import timedelta

import pytest

from crm.outbox.models import Message
from crm.poc.models import PointOfContact
from tests.factories import AT
from tests.factories.outbox import MessageFactory
from tests.factories.poc import PersonFactory
from tests.factories.users import UserFactory


@pytest.fixture
def ann(post):
    """Somebody whose address is refused, with a mail that found it out."""
    ann = PersonFactory(name="Ann", email="ann@firm.example")
    post.rules[ann.email] = "550"
    MessageFactory(recipient=ann)
    post.sweep()
    ann.refresh_from_db()
    return ann


def end_of(message: Message) -> tuple[str, str]:
    message.refresh_from_db()
    return message.state, message.reason


def test_a_refused_address_is_marked_and_said_once(post, kind, ann, clock):
    assert (ann.refused_address, ann.refused_at) == (ann.email, AT)
    clock.freeze(AT + timedelta(days=2))
    MessageFactory(recipient=ann)
    post.sweep()
    ann.refresh_from_db()
    assert ann.refused_at == AT + timedelta(days=2)
    assert kind.news == [ann.email]


def test_what_goes_to_a_marked_address_is_not_tried(post, kind, ann):
    message = MessageFactory(recipient=ann)
    post.rules.clear()
    post.sweep()
    assert end_of(message) == ("dead", "address_refused")
    assert kind.ended[-1] == (message.pk, "dead")
    assert post.mails == []
    assert not message.delivery_attempts.exists()


def test_what_is_urgent_is_tried_and_takes_the_mark_away(post, ann):
    urgent = MessageFactory(recipient=ann, priority=0)
    post.rules.clear()
    post.sweep()
    assert end_of(urgent) == ("sent", "")
    ann.refresh_from_db()
    assert (ann.refused_address, ann.refused_at) == ("", None)


def test_after_a_day_it_is_tried_again(post, clock, ann):
    post.rules.clear()
    clock.freeze(AT + timedelta(days=1))
    message = MessageFactory(recipient=ann)
    post.sweep()
    assert end_of(message) == ("sent", "")
    ann.refresh_from_db()
    assert ann.refused_address == ""


def test_another_address_has_no_mark(post, ann):
    ann.email = "ann.new@firm.example"
    ann.save()
    message = MessageFactory(recipient=ann)
    post.sweep()
    assert end_of(message) == ("sent", "")


def test_an_address_that_cannot_be_said_is_marked_too(post, kind):
    message = MessageFactory(address="jürgen@müller.example")
    post.sweep()
    message.recipient.refresh_from_db()
    assert message.recipient.refused_address == "jürgen@müller.example"
    assert kind.news == [message.address]


@pytest.mark.parametrize(
    ("mode", "reply", "is_marked"),
    [
        ("550", "550 5.1.1 No such user", True),
        ("550", "552 5.2.2 Mailbox full", True),
        ("550", "550 5.7.1 Relay access denied", False),  # a policy: it says nothing of the address
        ("data-550", "554 5.6.0 Content not wanted", False),
        ("data-550", "550 5.1.1 No such user", True),
    ],
)
def test_what_refuses_the_mail_is_told_from_what_refuses_the_address(post, mode, reply, is_marked):
    message = MessageFactory()
    post.rules[message.address], post.replies[message.address] = mode, reply
    post.sweep()
    assert end_of(message) == ("dead", "refused")
    message.recipient.refresh_from_db()
    assert message.recipient.refused_address == (message.address if is_marked else "")


def test_the_card_and_the_administration_show_the_mark_until_the_address_is_another(client, ann):
    client.force_login(UserFactory(administrator=True))
    card, form = f"/pocs/{ann.pk}/", f"/admin/poc/pointofcontact/{ann.pk}/change/"
    assert "Mails to ann@firm.example come back" in client.get(card).content.decode()
    assert "Refused address" in client.get(form).content.decode()
    PointOfContact.objects.filter(pk=ann.pk).update(email="ann.new@firm.example")
    assert "come back" not in client.get(card).content.decode()
