"""Sharing with somebody outside, and taking it back: the actions, the rights, the link itself."""

from datetime import timedelta

import pytest

from crm.dossiers.changes import Thing
from crm.dossiers.models import Event, Firm
from crm.dossiers.sentences import tell
from crm.poc import sharing
from crm.poc.models import ShareLink
from crm.poc.sharing import Field, share, unshare
from crm.users.models import RoleScope
from crm.users.tokens import digest
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.contacts import ContactFactory
from tests.factories.poc import AssignmentFactory, PersonFactory, ShareLinkFactory, TeamFactory
from tests.factories.projects import ProjectFactory
from tests.factories.users import UserFactory, actor, narrow
from tests.poc.test_models import breaks

pytestmark = pytest.mark.django_db
REACH = [Field.NAME, Field.PHONE]


@pytest.fixture(autouse=True)
def _now(clock):
    clock.freeze(AT)


def shared(of, **more):
    return share(of=of, **{"shown": REACH, "by": actor(), "at": AT} | more)


def test_a_card_is_shared_for_ninety_days_in_the_firms_language():
    Firm.objects.update(language="pt-br")
    link, secret = shared(PersonFactory(), label="  Ms   Lima ", shown=["phone", "name", "name"])
    assert (link.kind, link.label, link.shown, link.language) == ("card", "Ms Lima", ["name", "phone"], "pt-br")
    assert link.expires_at == AT + timedelta(days=90)
    assert sharing.opened_by(secret) == link


def test_only_the_digest_of_a_secret_of_256_bits_is_kept():
    link, secret = shared(PersonFactory())
    assert len(secret) == 43
    assert (link.digest, link.prefix) == (digest(secret), secret[:6])
    assert secret not in str(ShareLink.objects.values().get())


def test_two_links_never_share_a_secret():
    poc = PersonFactory()
    assert shared(poc)[1] != shared(poc)[1]


@pytest.mark.parametrize(
    ("refusal", "more"),
    [
        (sharing.NoReach, {"shown": ["name", "hours"]}),
        (sharing.NoReach, {"shown": []}),
        (sharing.Expired, {"expires_at": AT}),
        (sharing.TooLong, {"expires_at": AT + timedelta(days=732)}),
    ],
)
def test_a_link_without_reach_or_a_sensible_end_is_refused(refusal, more):
    with pytest.raises(refusal):
        shared(PersonFactory(), **more)
    assert not ShareLink.objects.exists()


def test_two_years_are_allowed():
    assert shared(PersonFactory(), expires_at=AT + timedelta(days=731))[0].pk


def test_accounts_and_projects_are_shared_other_records_and_archived_ones_are_not():
    assert shared(AccountFactory().dossier)[0].kind == "record"
    assert shared(ProjectFactory().dossier)[0].kind == "record"
    for dossier in (ContactFactory().dossier, AccountFactory(archived_at=AT).dossier):
        with pytest.raises(sharing.NotShareable):
            shared(dossier)


def test_it_stands_in_the_timeline_of_the_record_until_when_and_for_whom():
    account, by = AccountFactory(), actor(UserFactory(name="Giulia"))
    link, _secret = shared(account.dossier, label="Ms Lima", by=by)
    unshare(link=link, by=by, at=AT)
    made, ended = Event.objects.filter(home=account.dossier, kind__in=["shared", "unshared"]).order_by("pk")
    told = [tell(event, event.personal.values, Thing.of(account.dossier)) for event in (made, ended)]
    assert [one.title for one in told] == [
        "Giulia shared who to contact, until 2 Jun 2026, 12:00", "Giulia took a shared page back",
    ]  # fmt: skip
    assert {one.note for one in told} == {"Ms Lima"}
    assert "Ms Lima" not in str(made.facts)


def test_a_shared_card_is_recorded_without_a_record():
    link, _secret = shared(PersonFactory(name="Ann Keller"), by=actor(UserFactory(name="Giulia")))
    event = Event.objects.get(kind="shared")
    assert (event.home, event.facts["link"]) == (None, link.pk)
    told = tell(event, event.personal.values, Thing("", ShareLink))
    assert told.title.startswith("Giulia shared the card of Ann Keller, until")


def test_what_was_taken_back_opens_nothing_and_is_recorded_once():
    link, secret = shared(PersonFactory())
    for _n in range(2):
        unshare(link=link, by=actor(), at=AT)
    assert sharing.opened_by(secret) is None
    assert Event.objects.filter(kind="unshared").count() == 1


def test_a_link_opens_nothing_from_its_end_on(clock):
    link = ShareLinkFactory(secret="s", expires_at=AT + timedelta(hours=1))
    clock.freeze(AT + timedelta(minutes=59))
    assert sharing.opened_by("s") == link
    clock.freeze(AT + timedelta(hours=1))
    assert sharing.opened_by("s") is None


def test_a_link_to_an_archived_record_opens_nothing():
    ShareLinkFactory(secret="s", dossier=AccountFactory(archived_at=AT).dossier)
    assert sharing.opened_by("s") is None


def test_every_secret_costs_the_same_one_query(django_assert_num_queries):
    ShareLinkFactory(secret="good")
    ShareLinkFactory(secret="old", expires_at=AT - timedelta(hours=1))
    ShareLinkFactory(secret="gone", revoked_at=AT)
    for secret in ("good", "old", "gone", "never", "", "x" * 5000, "\0", "ü"):
        with django_assert_num_queries(1):
            assert (sharing.opened_by(secret) is not None) == (secret == "good")


def test_that_it_was_opened_is_written_once_a_minute():
    link = ShareLinkFactory()
    for seconds in (0, 1, 59, 60, 61):
        sharing.note_opened(ShareLink.objects.get(pk=link.pk), at=AT + timedelta(seconds=seconds))
    link.refresh_from_db()
    assert (link.opened, link.opened_at) == (2, AT + timedelta(seconds=60))


def test_readers_at_the_same_moment_are_counted_once(django_assert_num_queries):
    seen = [ShareLinkFactory()] * 2  # both read it before either wrote
    for link in seen:
        sharing.note_opened(link, at=AT)
    seen[0].refresh_from_db()
    assert seen[0].opened == 1
    with django_assert_num_queries(0):
        sharing.note_opened(seen[0], at=AT)


# --- Who may


def test_ones_own_card_and_those_of_ones_people_may_be_shared_and_nobody_elses():
    me = PersonFactory(signs_in=True)
    team = TeamFactory(lead=me, members=[member := PersonFactory()])
    at_home, other = PersonFactory(home_team=team), PersonFactory()
    me.user.groups.clear()
    assert set(sharing.cared_for(me.user)) == {me, team, member, at_home}
    assert sharing.may_share_card(me.user, me)
    assert not sharing.may_share_card(me.user, other)


@pytest.mark.parametrize(
    ("role", "card", "account", "project"),
    [
        ("administrator", True, True, True),
        ("account_manager", True, True, True),
        ("project_manager", False, True, True),
        ("sales_rep", False, True, False),
        ("support", False, False, False),
        ("read_only", False, False, False),
    ],
)
def test_what_a_role_may_share(role, card, account, project):
    user = UserFactory(role=role)
    assert sharing.may_share_card(user, PersonFactory()) == card
    assert sharing.may_share_record(user, AccountFactory().dossier) == account
    assert sharing.may_share_record(user, ProjectFactory().dossier) == project
    assert not sharing.may_share_record(user, ContactFactory().dossier)


def test_one_sees_the_links_of_what_one_may_share_within_ones_view():
    narrow("sales_rep", RoleScope.Sees.OWN)
    me = PersonFactory(user=UserFactory(role="sales_rep"))
    held = AccountFactory()
    AssignmentFactory(dossier=held.dossier, poc=me)
    seen = {ShareLinkFactory(poc=me), ShareLinkFactory(dossier=held.dossier)}
    ShareLinkFactory()
    ShareLinkFactory(dossier=AccountFactory().dossier)
    ShareLinkFactory(dossier=ProjectFactory(account=held).dossier)
    assert set(sharing.links_of(me.user)) == seen


# --- The row


@pytest.mark.parametrize(
    "values",
    [
        {"kind": "card", "dossier": True, "poc": None},
        {"kind": "record", "dossier": None},
        {"kind": "card", "dossier": True},
        {"kind": "card", "poc": None, "dossier": None},
    ],
)
def test_a_link_is_of_a_card_or_of_a_record_and_never_of_both(values):
    if values["dossier"]:
        values = values | {"dossier": AccountFactory().dossier}
    values = {"poc": PersonFactory()} | values
    assert breaks("share_of_a_poc_or_of_a_record", ShareLinkFactory, **values)


def test_a_link_ends_after_it_began():
    assert breaks("share_ends_after_it_began", ShareLinkFactory, expires_at=AT, created_at=AT)


def test_a_digest_is_kept_once():
    ShareLinkFactory(secret="same")
    assert breaks("poc_sharelink_digest", ShareLinkFactory, secret="same")
