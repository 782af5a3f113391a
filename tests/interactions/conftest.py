"""Who logs, with whom, and when: Marta, a sales rep, at noon on a Wednesday."""

import pytest

from crm.core.actor import Actor
from interactions.actions import Touch
from tests.factories import AT
from tests.factories.contacts import ContactFactory
from tests.factories.dossiers import channel, outcome, topic
from tests.factories.poc import AssignmentFactory, PersonFactory
from tests.factories.users import UserFactory


@pytest.fixture
def marta(db, clock):
    """A sales rep who answers, at noon of the day most tests are about."""
    clock.freeze(AT)
    return PersonFactory(name="Marta Ruiz", user=UserFactory(name="Marta Ruiz", role="sales_rep"))


@pytest.fixture
def by(marta):
    return Actor(marta.user)


@pytest.fixture
def lima(db):
    """A contact at an account for which Ann answers."""
    contact = ContactFactory(
        name="Beatriz Lima", account__name="Cervejaria Atlântico", at_account=True, phones=["+351 21 777 1410"]
    )
    ann = PersonFactory(name="Ann Keller", signs_in=True)
    AssignmentFactory(dossier=contact.account.dossier, poc=ann)
    return contact


@pytest.fixture
def ann(lima):
    return lima.account.dossier.assignments.get().poc


@pytest.fixture
def as_marta(marta, client):
    client.force_login(marta.user)
    return client


@pytest.fixture
def call():
    """Return a touch of a call, as it is logged: `call(contact=…, outcome="no_answer")`."""

    def make(outcome_code="reached", **fields):
        known = {"channel": channel(), "direction": "out", "topic": topic(), "outcome": outcome(outcome_code)}
        return Touch(**known | fields)

    return make
