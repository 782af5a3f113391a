"""What may still be said of a mail, and what it costs to ask."""

from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.commitments import actions
from crm.commitments.mail import mails
from crm.commitments.telling import sending
from crm.outbox.models import Message
from tests.commitments.conftest import moment
from tests.factories.dossiers import DossierFactory


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
