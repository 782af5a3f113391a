"""The link to one's own calendar of what is owed: made, ended, opened; one counts at a time."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from crm.dossiers.changes import Thing
from crm.dossiers.models import Event, Firm
from crm.dossiers.sentences import tell
from crm.poc import feeds, sharing
from crm.poc.models import ShareLink
from crm.users.tokens import digest
from tests.factories import AT
from tests.factories.poc import PersonFactory, ShareLinkFactory, TeamFactory
from tests.factories.users import UserFactory, actor

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann(clock):
    clock.freeze(AT)
    return PersonFactory(name="Ann Keller", user=UserFactory(name="Ann Keller", account_manager=True, language="it"))


def make(poc, **more):
    return feeds.make_feed(**{"user": poc.user, "with_names": True, "by": actor(poc.user), "at": AT} | more)


def test_it_counts_for_two_years_and_only_the_digest_of_its_secret_is_kept(ann):
    link, secret = make(ann)
    assert (link.kind, link.poc, link.shown, link.language) == ("feed", ann, ["name"], "it")
    assert link.expires_at == AT + timedelta(days=731)
    assert (len(secret), link.digest, link.prefix) == (43, digest(secret), secret[:6])
    assert secret not in str(ShareLink.objects.values().get())
    assert feeds.feed_opened_by(secret) == link == feeds.feed_of(ann.user)


def test_without_a_language_of_ones_own_it_is_in_the_firms(ann):
    Firm.objects.update(language="ru")
    ann.user.language = ""
    assert make(ann)[0].language == "ru"


def test_a_quiet_one_shows_nothing(ann):
    assert make(ann, with_names=False)[0].shown == []


def test_a_new_one_ends_the_one_before_and_nobody_elses(ann):
    other = make(PersonFactory(signs_in=True))[1]
    first, second = make(ann)[1], make(ann)[1]
    assert feeds.feed_opened_by(first) is None
    assert feeds.feed_opened_by(second) and feeds.feed_opened_by(other)


def test_a_second_one_that_counts_is_refused_by_the_database(ann):
    make(ann)
    with pytest.raises(IntegrityError, match=r"share_one_feed_of_a_person|poc_sharelink\.poc_id"), transaction.atomic():
        ShareLinkFactory(kind="feed", poc=ann)
    ShareLinkFactory(kind="feed", poc=ann, revoked_at=AT)
    ShareLinkFactory.create_batch(2, kind="card", poc=ann)


def test_ending_it_leaves_what_was_shared_with_others_and_twice_is_once(ann):
    card = ShareLinkFactory(poc=ann)
    _link, secret = make(ann)
    for _n in range(2):
        feeds.end_feed(user=ann.user, by=actor(ann.user), at=AT)
    assert (feeds.feed_opened_by(secret), feeds.feed_of(ann.user)) == (None, None)
    assert ShareLink.objects.get(pk=card.pk).revoked_at is None
    assert Event.objects.filter(kind="unshared").count() == 1


def test_who_does_not_answer_for_anything_has_none(ann):
    ann.deactivated_at = AT
    ann.save()
    for user in (ann.user, UserFactory()):
        with pytest.raises(feeds.OwesNothing):
            feeds.make_feed(user=user, with_names=True, by=actor(user), at=AT)
    assert not ShareLink.objects.exists()


def test_it_ends_with_its_user_and_comes_back_with_them(ann):
    _link, secret = make(ann)
    ann.user.is_active = False
    ann.user.save()
    assert feeds.feed_opened_by(secret) is None
    ann.user.is_active = True
    ann.user.save()
    assert feeds.feed_opened_by(secret)


def test_it_opens_nothing_from_its_end_on_and_can_be_made_anew(ann, clock):
    link, secret = make(ann)
    clock.freeze(link.expires_at)
    assert feeds.feed_opened_by(secret) is None
    assert feeds.feed_opened_by(make(ann, at=link.expires_at)[1])


def test_looking_it_up_costs_one_query_found_or_not(ann, django_assert_num_queries):
    _link, secret = make(ann)
    for tried in (secret, "unknown"):
        with django_assert_num_queries(1):
            feeds.feed_opened_by(tried)


def test_that_it_was_made_and_ended_is_recorded_without_its_secret(ann):
    _link, secret = make(ann)
    feeds.end_feed(user=ann.user, by=actor(UserFactory(name="Giulia")), at=AT)
    made, ended = Event.objects.filter(kind__in=["shared", "unshared"]).order_by("pk")
    told = [tell(event, event.personal.values, Thing("", ShareLink)).title for event in (made, ended)]
    assert told[0].startswith("Ann Keller made a calendar link for Ann Keller, until")
    assert told[1] == "Giulia ended the calendar link of Ann Keller"
    assert secret not in f"{made.facts}{made.personal.values}"


def test_only_its_owner_sees_it_among_the_links(ann):
    lead = UserFactory(account_manager=True)
    TeamFactory(lead=PersonFactory(user=lead), members=[ann])
    feed, _secret = make(ann)
    card = ShareLinkFactory(poc=ann)
    assert set(sharing.links_of(ann.user)) == {feed, card}
    assert set(sharing.links_of(lead)) == {card}


def test_the_page_of_shared_cards_neither_lists_nor_ends_it(ann, client):
    link, _secret = make(ann)
    client.force_login(ann.user)
    assert link.prefix not in client.get(f"/pocs/{ann.pk}/share/").content.decode()
    assert client.post(f"/share-links/{link.pk}/revoke/").status_code == 404


@pytest.mark.parametrize(
    ("public", "subscribing"),
    [("https://crm.example.com", "webcal://crm.example.com"), ("http://127.0.0.1:8000", "webcal://127.0.0.1:8000")],
)
def test_its_address_comes_in_a_form_that_opens_a_calendar(settings, public, subscribing):
    settings.PUBLIC_URL = public
    address = feeds.feed_address("s3cret")
    assert address == f"{public}/calendar/s3cret.ics"
    assert feeds.subscribing(address) == f"{subscribing}/calendar/s3cret.ics"
