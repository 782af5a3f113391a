"""Who looks at the pages, and when."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

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


@pytest.fixture
def costs(client, django_assert_num_queries) -> Callable[..., object]:
    """Let `with costs(13):` say that one page asks the database that often, beside what every page asks.

    That is who is signed in and what they see (measured on a page that asks one thing more), what they may (two
    queries: their own permissions, their roles'), and the clock.
    """

    def measured(queries: int) -> object:
        with CaptureQueriesContext(connection) as every_page:
            client.get("/accounts/names/?q=nobody")
        return django_assert_num_queries(len(every_page) - 1 + 3 + queries)

    return measured
