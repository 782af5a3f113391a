"""Who looks at the day: Marta, a sales rep, at noon on a Wednesday."""

import pytest
from django.utils import translation

from tests.factories import AT
from tests.factories.poc import PersonFactory
from tests.factories.users import UserFactory


@pytest.fixture
def marta(db, clock):
    clock.freeze(AT)
    return PersonFactory(name="Marta Ruiz", user=UserFactory(name="Marta Ruiz", role="sales_rep"))


@pytest.fixture
def as_marta(marta, client):
    client.force_login(marta.user)
    return client


@pytest.fixture(autouse=True)
def the_language_of_a_reader_ends_with_the_test():
    """A request leaves its language active in this thread."""
    yield
    translation.activate("en")
