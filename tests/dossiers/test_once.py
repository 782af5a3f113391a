"""A request with a key is done once, and its key is nobody else's."""

from uuid import UUID

import pytest
from django.db import IntegrityError, transaction

from crm.core.actor import Actor, Asked, Source
from crm.dossiers.actions import Happening, record_many
from crm.dossiers.once import KeyTaken, done_before, once
from tests.factories import AT
from tests.factories.dossiers import DossierFactory, EventFactory
from tests.factories.users import UserFactory

pytestmark = pytest.mark.django_db
KEY = UUID("0b6f2c1e-5a52-4a8e-8d0e-0d2a7c1f9b11")


@pytest.fixture
def by():
    return Actor(UserFactory(), Source.API, asked=Asked(KEY, "this"))


def happen(by, *kinds):
    record = DossierFactory()
    return record_many([Happening(kind, [record], AT) for kind in kinds or ("changed",)], by=by, at=AT)


def test_the_first_event_of_what_is_asked_keeps_the_key(by):
    first, second = happen(by, "owed", "changed")
    assert (first.client_key, second.client_key) == (KEY, None)
    assert done_before(by) == first


def test_it_is_done_once_and_the_repeat_finds_what_it_recorded(by):
    first = once(lambda: happen(by)[0], by=by)
    assert once(lambda: pytest.fail("done again"), by=by) == first


def test_without_a_key_it_is_done_each_time(by):
    anybody = Actor(by.user, Source.API)
    assert done_before(anybody) is None
    assert once(lambda: happen(anybody), by=anybody) != once(lambda: happen(anybody), by=anybody)


def test_a_key_is_for_one_request_of_one_person(by):
    happen(by)
    for other in (Actor(by.user, Source.API, asked=Asked(KEY, "that")), Actor(UserFactory(), asked=by.asked)):
        with pytest.raises(KeyTaken):
            once(lambda: pytest.fail("done"), by=other)


def test_what_the_database_refuses_for_another_reason_is_no_repeat(by):
    with pytest.raises(IntegrityError):
        once(lambda: DossierFactory(title=""), by=by)


def test_the_database_holds_a_key_once():
    EventFactory(client_key=KEY)
    with pytest.raises(IntegrityError), transaction.atomic():
        EventFactory(client_key=KEY)
    EventFactory.create_batch(2)  # those without a key are as many as they like
