"""Who opens the administration."""

import pytest
from django.test import Client

from tests import clock
from tests.factories import AT
from tests.factories.poc import PersonFactory
from tests.factories.users import UserFactory


@pytest.fixture(autouse=True)
def _now(request):
    """Let it be `AT`, also in a database of a test's own."""
    request.getfixturevalue("database" if "database" in request.fixturenames else "db")
    clock.freeze(AT)


@pytest.fixture
def administrator(db):
    return PersonFactory(name="Ada", user=UserFactory(administrator=True)).user


@pytest.fixture
def manager(db):
    return PersonFactory(name="Ann Keller", user=UserFactory(account_manager=True, name="Ann Keller")).user


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def as_administrator(administrator):
    return signed_in(administrator)


@pytest.fixture
def as_manager(manager):
    return signed_in(manager)
