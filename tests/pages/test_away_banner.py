"""Wherever who is away is shown, it says until when and who covers."""

from datetime import timedelta

import pytest

from crm.poc.models import Absence
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.commitments import CommitmentFactory
from tests.factories.contacts import ContactFactory
from tests.factories.dossiers import topic
from tests.factories.poc import AbsenceFactory, AssignmentFactory, PersonFactory, TeamFactory
from tests.factories.projects import ProjectFactory
from tests.factories.users import UserFactory

BANNER = "Ann Keller is away until 5 Mar → covered by Team AR"


@pytest.fixture
def away(db, clock, client):
    """Ann answers for an account with a contact and a project, and is away; a manager looks."""
    clock.freeze(AT)
    account = AccountFactory(name="Cervejaria Atlântico")
    ContactFactory(name="Beatriz Lima", account=account)
    ProjectFactory(name="Bottling line 3", account=account)
    ann, team = PersonFactory(name="Ann Keller"), TeamFactory(name="Team AR", members=[PersonFactory()])
    AssignmentFactory(dossier=account.dossier, poc=ann)
    CommitmentFactory(dossier=account.dossier, poc=ann, title="Call her")
    client.force_login(UserFactory(account_manager=True))
    return AbsenceFactory(poc=ann, cover=team)


def addresses():
    account = AccountFactory._meta.model.objects.get()
    contact, project = account.contacts.get(), account.projects.get()
    owed = account.dossier.commitments.get()
    return {
        "account": f"/accounts/{account.pk}/", "accounts": "/accounts/", "contact": f"/contacts/{contact.pk}/",
        "project": f"/projects/{project.pk}/", "projects": "/projects/", "who answers": "/who/?q=Atlantico",
        "owed": f"/owed/{owed.pk}/", "administration": f"/admin/accounts/account/{account.pk}/change/",
        "administration's list": "/admin/accounts/account/",
    }  # fmt: skip


@pytest.mark.parametrize(
    "page",
    [
        "account", "accounts", "contact", "project", "projects", "who answers", "owed", "administration",
        "administration's list",
    ],
)  # fmt: skip
def test_every_page_that_shows_who_is_away_says_who_covers_until_when(client, away, page):
    assert BANNER in client.get(addresses()[page]).content.decode()


def test_the_card_of_who_is_away_says_so(client, away):
    html = client.get(f"/pocs/{away.poc_id}/").content.decode()
    assert "Ann Keller is away until 5 Mar" in html
    assert "Team AR" in html


def test_once_they_are_back_nothing_is_said_any_more(client, away, clock):
    clock.freeze(AT + timedelta(days=1))
    assert "is away" not in client.get(addresses()["account"]).content.decode()


def test_where_nobody_covers_it_says_who_answers(client, away):
    Absence.objects.update(cover=None)
    account = AccountFactory._meta.model.objects.get()
    AssignmentFactory(dossier=account.dossier, poc=PersonFactory(name="Bo"), rank=1)
    html = client.get(addresses()["account"]).content.decode()
    assert "Ann Keller is away until 5 Mar → Bo answers" in html


def test_away_about_one_topic_is_said_about_that_topic_alone(client, away):
    Absence.objects.update(topic=topic("billing"))
    account = AccountFactory._meta.model.objects.get()
    AssignmentFactory(dossier=account.dossier, poc=away.poc, topic=topic("billing"))
    assert client.get(addresses()["account"]).content.decode().count(BANNER) == 1


def test_a_lead_sees_who_of_the_team_is_away(client, away):
    lead = PersonFactory(user=UserFactory(role="sales_rep"))
    type(lead).objects.filter(pk=away.poc_id).update(home_team=TeamFactory(lead=lead))
    client.force_login(lead.user)
    html = client.get("/").content.decode()
    for said in ("Ann Keller", "Team AR answers"):
        assert said in html
