"""What may still be said of a mail, and what it costs to ask."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.commitments import actions
from crm.commitments.mail import mails, sending
from crm.commitments.models import Notification
from crm.outbox import outcomes, sender
from crm.outbox.models import DeliveryAttempt, Message
from crm.outbox.post import Reply
from tests.commitments.conftest import moment
from tests.factories.dossiers import DossierFactory
from tests.factories.poc import PersonFactory, TeamFactory

Outcome = DeliveryAttempt.Outcome


def test_what_may_be_sent_is_asked_in_a_constant_number_of_queries(house, django_assert_num_queries):
    for n in range(20):
        house.promise(title=f"Call {n}")
    house.sweep_at("Tue 10:00")
    message = Message.objects.get(channel="email")
    with django_assert_num_queries(3):  # the locks, the notices, whose they are
        assert len(sending.may_send(message)) == 20


def test_what_mails_need_is_read_in_a_constant_number_of_queries(house):
    counts = []
    for n, hour in ((8, "Tue 10:00"), (20, "Tue 10:10")):
        for k in range(n):
            house.promise(dossier=DossierFactory(parent=house.record, home=house.record), title=f"Call {n}, {k}")
        house.sweep_at(hour)
        messages = list(Message.objects.filter(channel="email", kind="digest").order_by("pk"))
        with CaptureQueriesContext(connection) as queries:
            mails.prepare(messages)
        counts.append(len(queries))
    assert counts[0] == counts[1] > 9


def test_what_no_act_has_overtaken_holds(house):
    promises = [house.promise(title=f"Call {n}") for n in range(7)]
    house.sweep_at("Tue 10:00")
    message = Message.objects.get(channel="email")
    for commitment in promises[:5]:
        actions.keep(commitment=commitment, by=house.by, at=moment("Tue 10:00"))
    assert [n.commitment for n in sending.holding(message)] == promises[5:]
    for commitment in promises[5:]:
        actions.keep(commitment=commitment, by=house.by, at=moment("Tue 10:00"))
    assert sending.holding(message) == []
    assert sending.may_send(message) is None


@pytest.mark.parametrize(
    ("outcome", "code", "state"),
    [
        (Outcome.ACCEPTED, 250, "sent"),
        (Outcome.REFUSED, 550, "dropped"),
        (Outcome.DEFERRED, 451, "dropped"),
        (Outcome.AMBIGUOUS, 0, "dropped"),
    ],
)
def test_what_one_of_a_team_takes_on_while_the_mail_of_another_is_on_its_way_is_told_to_nobody_more(
    house, outcome, code, state
):
    """Their mail may arrive; but it is not sent again, and nobody is told that it failed."""
    people = [PersonFactory(name="Tia"), PersonFactory(name="Tom")]
    commitment = house.promise(poc=TeamFactory(members=people, delivery="all"))
    at = house.sweep_at("Tue 10:00")
    mails = sender.claim()
    on_its_way, waits = mails
    attempt, said = outcomes.intend(on_its_way)
    assert said
    actions.acknowledge(commitment=commitment, by=house.by, at=at)
    outcomes.write_down(on_its_way, attempt, outcome, Reply(code, ""), until=0)
    assert outcomes.intend(waits) == (None, None)
    house.at("Tue 11:00")
    for message in sender.claim():
        assert outcomes.intend(message) == (None, None)
    assert [Message.objects.get(pk=m.pk).state for m in mails] == [state, "dropped"]
    assert not Notification.objects.filter(kind__contains="undelivered").exists()
