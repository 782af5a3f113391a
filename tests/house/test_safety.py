"""What every answer carries."""

import pytest

from crm.users.models import User
from tests.inline import inline_code

pytestmark = pytest.mark.django_db
PAGES = ["/auth/login/", "/auth/password/reset/", "/admin/", "/no-such-page/", "/healthz"]


@pytest.fixture
def administrator(client):
    user = User.objects.create_superuser("root@example.com", "a-good-long-password", name="Root")
    client.force_login(user)
    return user


@pytest.mark.parametrize("path", PAGES)
def test_every_answer_carries_the_strict_policy(client, administrator, path):
    policy = client.get(path, follow=True)["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert "data:" not in policy
    assert "//" not in policy


@pytest.mark.parametrize("path", PAGES)
def test_no_page_brings_inline_script_or_style(client, administrator, path):
    assert inline_code(client.get(path, follow=True).content.decode()) == []


def test_a_page_is_not_framed_nor_its_address_told(client, administrator):
    response = client.get("/auth/password/change/")
    assert response["X-Frame-Options"] == "DENY"
    assert response["Referrer-Policy"] == "same-origin"
    assert response["X-Content-Type-Options"] == "nosniff"
