"""Who looks at the pages, and when."""

import pytest
from django.test import Client

from crm.users.models import User
from tests.factories import AT
from tests.factories.users import UserFactory


@pytest.fixture
def rep(db, clock) -> User:
    """A sales rep, at noon of the day most tests are about."""
    clock.freeze(AT)
    return UserFactory(name="Marta Ruiz", role="sales_rep")


@pytest.fixture
def manager(db, clock) -> User:
    """An account manager, likewise."""
    clock.freeze(AT)
    return UserFactory(name="Giulia Ferrari", account_manager=True)


@pytest.fixture
def as_rep(rep, client) -> Client:
    client.force_login(rep)
    return client


@pytest.fixture
def as_manager(manager, client) -> Client:
    client.force_login(manager)
    return client
