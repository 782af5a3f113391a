"""Keys to the API: made, checked, revoked."""

from datetime import timedelta

import pytest

from crm.core.actor import Actor, Source
from crm.dossiers.models import Event
from crm.users import tokens
from crm.users.models import ApiToken
from tests.factories import AT
from tests.factories.users import UserFactory, actor


@pytest.fixture
def user(db, clock):
    clock.freeze(AT)
    return UserFactory(role="sales_rep")


def make(user, **changes):
    values = {"name": "Phone system", "scopes": ["read"], "expires_at": None} | changes
    return tokens.make(user=user, by=Actor(user), at=AT, **values)


def test_only_a_digest_of_the_secret_is_kept(user):
    token, secret = make(user)
    assert secret.startswith("lia_") and len(secret) == 4 + 43  # 256 bits in base64
    assert token.prefix == secret[:10]
    kept = str(ApiToken.objects.filter(pk=token.pk).values().get())
    assert secret not in kept and secret[10:] not in kept


def test_a_secret_opens_its_token_and_no_other(user):
    token, secret = make(user)
    assert tokens.check(secret) == token
    assert tokens.check(secret + "x") is None
    assert tokens.check("") is None


def test_an_expired_token_opens_nothing(user, clock):
    _token, secret = make(user, expires_at=AT + timedelta(hours=1))
    assert tokens.check(secret)
    clock.freeze(AT + timedelta(hours=1))
    assert tokens.check(secret) is None


def test_a_revoked_token_opens_nothing_and_a_repeat_changes_nothing(user):
    token, secret = make(user)
    for _time in range(2):
        tokens.revoke(token=token, by=Actor(user), at=AT)
    assert tokens.check(secret) is None
    assert Event.objects.filter(kind=Event.Kind.WITHDRAWN).count() == 1


def test_a_deactivated_users_tokens_stop_at_once(user):
    _token, secret = make(user)
    user.is_active = False
    user.save()
    assert tokens.check(secret) is None


def test_its_use_is_noted_once_a_minute(user, clock, django_assert_num_queries):
    token, secret = make(user)
    with django_assert_num_queries(2):
        tokens.check(secret)
    clock.freeze(AT + timedelta(seconds=59))
    with django_assert_num_queries(1):
        tokens.check(secret)
    token.refresh_from_db()
    assert token.last_used_at == AT
    clock.freeze(AT + timedelta(seconds=60))
    tokens.check(secret)
    token.refresh_from_db()
    assert token.last_used_at == AT + timedelta(seconds=60)


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"name": " "}, tokens.NameRequired),
        ({"scopes": []}, tokens.ScopeRequired),
        ({"scopes": ["everything"]}, tokens.ScopeRequired),
        ({"expires_at": AT}, tokens.Expired),
    ],
)
def test_a_token_that_would_be_of_no_use_is_not_made(user, changes, refusal):
    with pytest.raises(refusal):
        make(user, **changes)
    assert not ApiToken.objects.exists()


def test_making_one_is_recorded_without_its_secret(user):
    token, secret = make(user)
    event = Event.objects.get()
    assert event.facts == {"kind": "token", "token": token.pk, "user": user.pk, "scopes": ["read"]}
    assert secret not in str(event.personal.values)


def test_somebody_else_may_revoke_it(user):
    token, secret = make(user)
    tokens.revoke(token=token, by=actor(source=Source.ADMIN), at=AT)
    assert tokens.check(secret) is None
