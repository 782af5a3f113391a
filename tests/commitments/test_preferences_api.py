"""How one is told, through the API: as the page has it, with the same rules; one's own, or for whoever manages."""

from datetime import time

import pytest
from rest_framework.test import APIClient

from crm.core.actor import Actor
from crm.dossiers.models import Event
from crm.poc.preferences import NoticePreference
from crm.users import tokens
from tests.doors import ask_as, problem
from tests.factories import AT
from tests.factories.poc import PersonFactory, TeamFactory

MINE = "/api/v1/me/notices/"
USUAL = {"reminders": "at_once", "given": "at_once", "answers": "at_once", "news": "at_once"}


@pytest.fixture
def ann(db, clock, api):
    clock.freeze(AT)
    user = ask_as(api, "read_only", name="Ann", email="ann@firm.example", time_zone="Asia/Tokyo")
    return PersonFactory(name="Ann", user=user, email="ann@desk.example")


def patch(api, body, url=MINE):
    return api.patch(url, body, format="json")


def test_without_a_word_everything_comes_at_once(ann, api):
    assert api.get(MINE).json() == {
        "poc": {"id": ann.pk, "name": "Ann"}, "address": "ann@desk.example", "zone": "Asia/Tokyo", "by_email": USUAL,
        "digest_at": "08:00", "quiet_from": None, "quiet_until": None,
    }  # fmt: skip


def test_what_is_given_changes_and_the_rest_stays(ann, api):
    patch(api, {"by_email": {"reminders": "digest", "news": "never"}, "quiet_from": "22:00", "quiet_until": "07:00"})
    shown = patch(api, {"by_email": {"news": "at_once"}, "digest_at": "16:30"}).json()
    assert shown == api.get(MINE).json()
    assert shown["by_email"] == USUAL | {"reminders": "digest"}
    assert (shown["digest_at"], shown["quiet_from"], shown["quiet_until"]) == ("16:30", "22:00", "07:00")
    kept = NoticePreference.objects.get(poc=ann)
    assert (kept.by_email, kept.digest_at, kept.quiet_until) == ({"reminders": "digest"}, time(16, 30), time(7))
    assert patch(api, {"quiet_from": None, "quiet_until": None}).json()["quiet_from"] is None


def test_it_is_recorded_and_the_same_again_is_nothing(ann, api):
    assert patch(api, {}).status_code == patch(api, {"by_email": USUAL}).status_code == 200
    assert not Event.objects.exists()
    for _n in range(2):
        patch(api, {"by_email": {"news": "never"}})
    event = Event.objects.get()
    assert (event.actor, event.source) == (ann.user, "api")
    assert event.facts["changes"] == {"mails_news": ["at_once", "never"]}


@pytest.mark.parametrize(
    ("body", "status", "field", "code"),
    [
        ({"by_email": {"gossip": "never"}}, 400, "by_email.gossip", "no_such_field"),
        ({"by_email": {"escalations": "never"}}, 400, "by_email.escalations", "no_such_field"),
        ({"by_email": {"news": "weekly"}}, 400, "by_email.news", "invalid_choice"),
        ({"by_email": {"news": None}}, 400, "by_email.news", "null"),
        ({"by_email": {"news": ["never"]}}, 400, "by_email.news", "invalid_choice"),
        ({"by_email": {"news": "never\0"}}, 400, "by_email.news", "invalid_choice"),
        ({"by_email": []}, 400, "by_email", "invalid"),
        ({"by_email": None}, 400, "by_email", "null"),
        ({"digest_at": None}, 400, "digest_at", "null"),
        ({"digest_at": "25:00"}, 400, "digest_at", "invalid"),
        ({"digest_at": "8:00"}, 400, "digest_at", "invalid"),
        ({"digest_at": "08:00\n"}, 400, "digest_at", "invalid"),
        ({"digest_at": "08:00+02:00"}, 400, "digest_at", "invalid"),
        ({"digest_at": 8}, 400, "digest_at", "invalid"),
        ({"digest_at": "0" * 100_000}, 400, "digest_at", "invalid"),
        ({"quiet_from": ""}, 400, "quiet_from", "invalid"),
        ({"quiet_until": {"hour": 7}}, 400, "quiet_until", "invalid"),
        ({"zone": "Europe/Lisbon"}, 400, "zone", "no_such_field"),
        ({"quiet_from": "22:00"}, 422, "quiet_until", "quiet_from_until"),
        ({"quiet_until": "07:00"}, 422, "quiet_until", "quiet_from_until"),
        ({"quiet_from": "07:00", "quiet_until": "07:00"}, 422, "quiet_until", "quiet_from_until"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_changes(ann, api, body, status, field, code):
    refused = problem(patch(api, body))
    assert (refused[0], refused[2]) == (status, [(field, code)])
    assert not NoticePreference.objects.exists()


def test_what_may_be_chosen_is_told(ann, api):
    def said(body):
        return patch(api, body).json()["errors"][0]["detail"]

    assert said({"by_email": {"news": "weekly"}}) == "Choose one of: at_once, digest, never"
    assert "reminders, given, answers, news" in said({"by_email": {"alarms": "never"}})
    assert "08:30" in said({"digest_at": "noon"})


def test_one_end_of_the_quiet_hours_cannot_be_taken_away(ann, api):
    patch(api, {"quiet_from": "22:00", "quiet_until": "07:00"})
    assert problem(patch(api, {"quiet_until": None}))[1] == "quiet_from_until"


@pytest.mark.parametrize("body", ["[]", '"never"', "null", "{", "\xff", '{"digest_at": NaN}', ""])
def test_a_body_that_is_none_is_refused(ann, api, body):
    sent = api.generic("PATCH", MINE, body.encode("latin-1"), content_type="application/json")
    assert sent.status_code == (400 if body else 200)


def test_whoever_answers_for_nothing_is_told_so(db, api):
    ask_as(api, "administrator")
    for sent in (api.get(MINE), patch(api, {})):
        assert problem(sent) == (404, "answers_for_nothing", [])


def test_who_answers_no_more_has_no_wishes(ann, api):
    ann.deactivated_at = AT
    ann.save()
    assert api.get(MINE).status_code == 404


@pytest.mark.parametrize(
    ("scopes", "allowed"), [(["read"], (200, 403)), (["write"], (403, 200)), (["log"], (403, 403))]
)
def test_a_token_reads_and_changes_as_its_scopes_say(ann, scopes, allowed):
    secret = tokens.make(user=ann.user, name="Chat", scopes=scopes, expires_at=None, by=Actor(ann.user), at=AT)[1]
    api = APIClient(headers={"Authorization": f"Bearer {secret}"})
    assert (api.get(MINE).status_code, patch(api, {"digest_at": "09:00"}).status_code) == allowed


def test_nobody_gets_there_without_signing_in(db):
    assert problem(APIClient().get(MINE))[0] == 401


def url_of(poc):
    return f"/api/v1/pocs/{getattr(poc, 'pk', poc)}/notices/"


@pytest.mark.parametrize("role", ["administrator", "account_manager"])
def test_those_who_manage_say_it_for_a_team_or_a_person(ann, api, role):
    ask_as(api, role)
    team = TeamFactory(email="ar@firm.example", delivery="mailbox", members=[PersonFactory()])
    for poc in (ann, team):
        assert api.get(url_of(poc)).json()["by_email"] == USUAL
        shown = patch(api, {"by_email": {"given": "digest"}}, url_of(poc)).json()
        assert (shown["poc"]["id"], shown["by_email"]["given"]) == (poc.pk, "digest")
        assert NoticePreference.objects.get(poc=poc).by_email == {"given": "digest"}
    assert problem(patch(api, {"quiet_from": "22:00"}, url_of(team)))[1] == "quiet_from_until"


@pytest.mark.parametrize("role", ["project_manager", "sales_rep", "support", "read_only"])
def test_others_say_it_for_themselves_alone(ann, api, role):
    me = PersonFactory(user=ask_as(api, role))
    for poc in (ann, me):
        assert problem(api.get(url_of(poc)))[0] == problem(patch(api, {}, url_of(poc)))[0] == 403
    assert patch(api, {"by_email": {"given": "digest"}}).json()["poc"]["id"] == me.pk
    assert not NoticePreference.objects.filter(poc=ann).exists()


def test_who_is_not_there_or_answers_no_more_is_not_found(ann, api):
    ask_as(api, "administrator")
    gone = PersonFactory(deactivated_at=AT)
    for poc in (gone, 4711, 2**63, 10**40):
        assert api.get(url_of(poc)).status_code == patch(api, {}, url_of(poc)).status_code == 404


def test_it_costs_little(ann, api, django_assert_num_queries):
    api.get(MINE)
    with django_assert_num_queries(2):  # the person, with what they want; how they are reached
        api.get(MINE)
