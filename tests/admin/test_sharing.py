"""What is shared with somebody outside, in the administration: seen, and taken back."""

from datetime import timedelta

import pytest
from django.test import Client

from crm.core.actor import Source
from crm.dossiers.models import Event
from crm.poc.models import ShareLink
from crm.users.models import RoleScope
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.poc import AssignmentFactory, PersonFactory, ShareLinkFactory
from tests.factories.users import narrow

from .conftest import signed_in

pytestmark = pytest.mark.django_db

LIST = "/admin/poc/sharelink/"


@pytest.fixture
def links():
    card = ShareLinkFactory(poc=PersonFactory(name="Diogo Faria"), secret="cardsecret")
    page = ShareLinkFactory(dossier=AccountFactory(name="Mercado Sur").dossier, secret="pagesecret", opened=7)
    return card, page


def text(client: Client, query: str = "") -> str:
    return client.get(LIST + query).content.decode()


def test_the_list_says_of_whom_or_what_by_whom_and_how_often_it_was_opened(as_manager: Client, links):
    html = text(as_manager)
    for words in ("Diogo Faria", "Mercado Sur", "cardse", "pagese", ">7<"):
        assert words in html
    assert "cardsecret" not in html


def test_what_has_ended_is_shown_when_asked_for(as_manager: Client):
    open_now = ShareLinkFactory(secret="opened")
    expired = ShareLinkFactory(secret="expire", expires_at=AT - timedelta(hours=1))
    revoked = ShareLinkFactory(secret="revoke", revoked_at=AT)
    shown = {
        state: [link.prefix for link in as_manager.get(f"{LIST}?state={state}").context["cl"].result_list]
        for state in ("", "expired", "revoked", "all")
    }
    assert shown == {
        "": [open_now.prefix],
        "expired": [expired.prefix],
        "revoked": [revoked.prefix],
        "all": [revoked.prefix, expired.prefix, open_now.prefix],
    }


def test_one_is_taken_back_from_its_page_once(as_manager: Client, manager, links):
    for link in links:
        address = f"{LIST}{link.pk}/revoke/"
        assert address in as_manager.get(f"{LIST}{link.pk}/change/").content.decode()
        assert as_manager.get(address).status_code == 200
        assert as_manager.post(address, {"post": "yes"}).status_code == 302
        link.refresh_from_db()
        assert link.revoked_at == AT
        event = Event.objects.get(kind=Event.Kind.UNSHARED, facts__link=link.pk)
        assert (event.source, event.actor) == (Source.ADMIN, manager)
        assert as_manager.get(address).status_code == 404
        told = as_manager.get(f"{LIST}{link.pk}/history/").context["entries"]
        assert [entry.kind for entry in told] == [Event.Kind.UNSHARED]


def test_a_selection_is_taken_back_and_what_was_taken_back_stays_as_it_is(as_manager: Client, links):
    gone = ShareLinkFactory(revoked_at=AT - timedelta(hours=3))
    chosen = {"action": "revoke_chosen", "_selected_action": [link.pk for link in (*links, gone)]}
    answer = as_manager.post(f"{LIST}?state=all", chosen, follow=True)
    assert "2 links open nothing any more." in answer.content.decode()
    assert set(ShareLink.objects.values_list("revoked_at", flat=True)) == {AT, gone.revoked_at}


def test_ones_calendar_is_not_among_what_is_shared(as_administrator: Client, administrator):
    feed = ShareLinkFactory(kind="feed", poc=administrator.poc)
    assert feed.prefix not in text(as_administrator, "?state=all")
    assert as_administrator.get(f"{LIST}{feed.pk}/change/").status_code == 302


def test_who_is_narrowed_sees_and_takes_back_only_what_is_shared_of_their_records(manager, links):
    narrow("account_manager", RoleScope.Sees.OWN)
    mine = AccountFactory(name="Mine")
    AssignmentFactory(dossier=mine.dossier, poc=manager.poc)
    ShareLinkFactory(dossier=mine.dossier)
    client, (_card, theirs) = signed_in(manager), links
    html = text(client)
    assert "Mine" in html
    assert "Mercado Sur" not in html
    assert client.post(f"{LIST}{theirs.pk}/revoke/", {"post": "yes"}).status_code == 404
    theirs.refresh_from_db()
    assert theirs.revoked_at is None


def test_nobody_adds_or_changes_one_here(as_manager: Client, links):
    assert as_manager.get(f"{LIST}add/").status_code == 403
    as_manager.post(f"{LIST}{links[0].pk}/change/", {"label": "X", "expires_at": "2030-01-01"})
    assert not ShareLink.objects.exclude(label="").exists()
