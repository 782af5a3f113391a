"""The page on which everybody says how they are told, and its twin in the administration."""

from datetime import time

import pytest

from crm.poc.preferences import NoticePreference
from tests.factories import AT
from tests.factories.poc import PersonFactory, TeamFactory
from tests.factories.users import UserFactory
from tests.inline import inline_code

WAYS = {"reminders": "digest", "given": "at_once", "answers": "at_once", "news": "never"}
FORM = WAYS | {"digest_at": "07:30", "quiet_from": "22:00", "quiet_until": "07:00"}


@pytest.fixture
def ann(db, clock, client):
    clock.freeze(AT)
    ann = PersonFactory(name="Ann", user=UserFactory(name="Ann", role="sales_rep", time_zone="Asia/Tokyo"))
    client.force_login(ann.user)
    return ann


def test_one_says_how_one_is_told_and_sees_it(ann, client):
    page = client.get("/me/notices/").content.decode()
    assert inline_code(page) == []
    assert "Escalations and alarms" in page and "Tokyo" in page and ann.email in page
    assert client.post("/me/notices/", FORM, follow=True).redirect_chain == [("/me/notices/", 302)]
    kept = NoticePreference.objects.get(poc=ann)
    assert kept.by_email == {"reminders": "digest", "news": "never"}
    assert (kept.digest_at, kept.quiet_from, kept.quiet_until) == (time(7, 30), time(22), time(7))
    form = client.get("/me/notices/").context["form"]
    assert [bound.value() for bound in form.ways] == ["digest", "at_once", "at_once", "never"]


@pytest.mark.parametrize(
    "wrong", [{"quiet_until": ""}, {"digest_at": "25:00"}, {"news": "weekly"}, {"quiet_from": "07:00"}]
)
def test_what_is_wrong_is_said_and_nothing_changes(ann, client, wrong):
    response = client.post("/me/notices/", FORM | wrong)
    assert response.status_code == 422
    assert not NoticePreference.objects.exists()


def test_whoever_answers_for_nothing_is_told_so(db, client):
    client.force_login(UserFactory())
    response = client.get("/me/notices/")
    assert "You answer for nothing here" in response.content.decode()
    assert client.post("/me/notices/", FORM).status_code == 200
    assert not NoticePreference.objects.exists()


def test_nobody_who_is_not_signed_in_gets_there(ann, client):
    client.logout()
    assert "/auth/login/" in client.get("/me/notices/")["Location"]


def test_an_address_that_was_refused_for_good_is_said(ann, client):
    ann.refused_address = ann.email
    ann.save()
    assert "No mail reaches you" in client.get("/me/notices/").content.decode()
    ann.email = "new@firm.example"
    ann.save()
    assert "No mail reaches you" not in client.get("/me/notices/").content.decode()


def test_the_page_costs_little(ann, client, django_assert_num_queries):
    client.get("/me/notices/")
    with django_assert_num_queries(5):  # who reads (2), the person, what they want, how they are reached
        client.get("/me/notices/")


def test_everybodys_menu_leads_there(ann, client):
    assert 'href="/me/notices/"' in client.get("/").content.decode()


def test_administrators_say_it_for_a_teams_mailbox(db, clock, client):
    clock.freeze(AT)
    client.force_login(UserFactory(administrator=True))
    team = TeamFactory(email="ar@firm.example", delivery="mailbox", members=[PersonFactory()])
    address = f"/admin/poc/pointofcontact/{team.pk}/notices/"
    assert address in client.get(f"/admin/poc/pointofcontact/{team.pk}/change/").content.decode()
    assert client.get(address).status_code == 200
    assert client.post(address, FORM).status_code == 302
    assert NoticePreference.objects.get(poc=team).by_email == {"reminders": "digest", "news": "never"}
    assert client.post(address, FORM | {"quiet_until": ""}).status_code == 422


def test_of_somebody_else_it_speaks_by_their_name(ann, client):
    client.force_login(UserFactory(administrator=True))
    response = client.get(f"/admin/poc/pointofcontact/{ann.pk}/notices/")
    form, page = response.context["form"], response.content.decode()
    said = [f"{bound.label}: {bound.help_text}" for bound in form.ways]
    assert said[0] == "Reminders: What Ann owes falls due, or is overdue."
    assert said[1].startswith("Given to Ann:")
    assert not [text for text in said if {"I", "me", "my"} & set(text.replace(":", "").replace(".", "").split())]
    assert f"Mails to Ann go to {ann.email}; times are those of Tokyo." in page


def test_of_somebody_without_an_address_no_mail_is_promised(ann, client):
    client.force_login(UserFactory(administrator=True))
    team = TeamFactory(name="Hall 3", email="", members=[ann])
    assert (
        "No address of Hall 3 is known" in client.get(f"/admin/poc/pointofcontact/{team.pk}/notices/").content.decode()
    )


def test_others_may_not(ann, client):
    assert client.get(f"/admin/poc/pointofcontact/{ann.pk}/notices/").status_code in (302, 403)
