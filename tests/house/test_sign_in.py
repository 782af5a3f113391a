"""Who gets in, who does not, and what strangers learn."""

import re

import pytest
from django.core import mail
from django.db import connection
from django.test import Client

from crm.users.models import User

pytestmark = pytest.mark.django_db
PASSWORD = "a-good-long-password"


@pytest.fixture
def ann():
    return User.objects.create_user("ann@example.com", PASSWORD, name="Ann Example")


def sign_in(client, email="ann@example.com", password=PASSWORD):
    return client.post("/auth/login/", {"login": email, "password": password})


def test_a_user_signs_in_with_address_and_password_and_lands_on_my_day(client, ann):
    response = sign_in(client, "Ann@Example.com")
    assert response.status_code == 302
    assert response["Location"] == "/"
    assert client.session["_auth_user_id"] == str(ann.pk)


def test_nobody_signs_in_with_a_wrong_password(client, ann):
    assert sign_in(client, password="wrong").status_code == 200
    assert "_auth_user_id" not in client.session


def test_a_deactivated_user_cannot_sign_in(client, ann):
    User.objects.update(is_active=False)
    sign_in(client)
    assert "_auth_user_id" not in client.session


def test_a_deactivated_user_loses_the_session(client, ann):
    client.force_login(ann)
    assert client.get("/auth/password/change/").status_code == 200
    User.objects.update(is_active=False)
    assert client.get("/auth/password/change/").status_code == 302


@pytest.mark.parametrize(
    "path",
    [
        "signup/",
        "signup/passkey/",
        "email/",
        "confirm-email/",
        "confirm-email/abc/",
        "login/code/",
        "login/code/confirm/",
    ],
)
def test_sign_up_addresses_answer_404(client, ann, path):
    assert client.get(f"/auth/{path}").status_code == 404
    assert client.post(f"/auth/{path}", {"email": "eve@example.com"}).status_code == 404


def test_a_wrong_password_and_an_unknown_address_read_the_same(client, ann):
    known, unknown = sign_in(client, password="wrong"), sign_in(client, "eve@example.com")
    assert known.status_code == unknown.status_code == 200
    assert known.context["form"].errors == unknown.context["form"].errors


def test_asking_for_a_new_password_tells_nothing_and_writes_to_users_alone(client, ann):
    answers = [client.post("/auth/password/reset/", {"email": f"{who}@example.com"}) for who in ("ann", "eve")]
    assert len({(answer.status_code, answer["Location"]) for answer in answers}) == 1
    assert [message.to for message in mail.outbox] == [["ann@example.com"]]


def test_a_new_password_is_set_by_the_link_in_the_mail(client, ann):
    client.post("/auth/password/reset/", {"email": "ann@example.com"})
    link = re.search(r"/auth/password/reset/key/\S+", mail.outbox[0].body).group()
    page = client.get(link, follow=True)
    new = {"password1": "another-long-password", "password2": "another-long-password"}
    client.post(page.request["PATH_INFO"], new)
    sign_in(client, password="another-long-password")
    assert client.session["_auth_user_id"] == str(ann.pk)


def test_guessing_is_limited_and_the_limit_lives_in_the_database(client, ann):
    for _ in range(5):
        sign_in(client, password="wrong")
    sign_in(client)
    assert "_auth_user_id" not in client.session
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM crm_cache")
        assert cursor.fetchone()[0] > 0


def test_signing_in_and_its_limits_live_without_the_broker(client, ann, settings):
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    assert client.get("/readyz").json()["broker"] == "down"
    assert sign_in(client).status_code == 302


def test_the_administration_uses_the_same_door(client, ann):
    response = client.get("/admin/", follow=True)
    assert response.request["PATH_INFO"] == "/auth/login/"
    client.force_login(ann)
    assert client.get("/admin/", follow=True).status_code == 403


def test_posting_without_a_token_is_refused(ann):
    client = Client(enforce_csrf_checks=True)
    assert sign_in(client).status_code == 403


def test_the_language_chosen_in_the_foot_is_kept_for_the_user(client, ann):
    client.force_login(ann)
    client.post("/language/", {"language": "es", "next": "/auth/login/"})
    ann.refresh_from_db()
    assert ann.language == "es"
    assert client.get("/auth/password/change/")["Content-Language"] == "es"


def test_a_language_we_do_not_have_changes_nothing(client, ann):
    client.force_login(ann)
    client.post("/language/", {"language": "xx"})
    ann.refresh_from_db()
    assert ann.language == ""
