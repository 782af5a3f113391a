"""Links in mails: a look changes nothing, a POST does it as the one it was made for, and every no is kind."""

from datetime import timedelta

import pytest
from django.test import Client

from crm.commitments import actions
from crm.commitments.mail import links, unsubscribing
from crm.commitments.mail.links import Act
from crm.commitments.models import Commitment
from crm.core.secret_addresses import CHANGES
from crm.desk.views import one_click
from crm.dossiers.models import Event
from crm.dossiers.timeline import page
from crm.poc.preferences import NoticePreference
from crm.users.models import RoleScope
from tests.commitments.conftest import MONDAY, build
from tests.counting import counting
from tests.factories.poc import MembershipFactory, PersonFactory, TeamFactory
from tests.factories.users import UserFactory, narrow
from tests.inline import inline_code

DONE = {Act.DONE: "kept", Act.ON_IT: "acknowledged", Act.LATER: "snoozed", Act.WAIT: "waiting"}


@pytest.fixture
def house(db, clock):
    return build(clock)


@pytest.fixture
def owed(house):
    """Something Ann owes; she may act on it."""
    house.ann.user.groups.add(UserFactory(role="sales_rep").groups.get())
    return house.promise()


def address(owed, act=Act.DONE, poc=None, **values):
    poc_id = poc.pk if poc else owed.dossier.assignments.get(rank=0).poc_id
    link = links.link_to(owed, act, poc_id=poc_id, **({"written_at": MONDAY, "zone": "UTC"} | values))
    return f"/o/{links.token(link)}/"


@pytest.fixture
def stranger():
    """A browser without a cookie, as strict about CSRF as a real one."""
    return Client(enforce_csrf_checks=True)


@pytest.mark.parametrize("act", DONE)
@pytest.mark.parametrize("method", ["get", "head"])
def test_a_look_changes_nothing(owed, stranger, act, method):
    before = Commitment.objects.values().get(pk=owed.pk)
    n_events = Event.objects.count()
    response = getattr(stranger, method)(address(owed, act))
    assert response.status_code == 200
    assert Commitment.objects.values().get(pk=owed.pk) == before
    assert Event.objects.count() == n_events
    assert stranger.cookies == {}


@pytest.mark.parametrize("act", DONE)
def test_a_post_does_it_as_the_one_it_was_made_for(owed, house, stranger, act):
    response = stranger.post(address(owed, act))
    assert response.status_code == 200
    owed.refresh_from_db()
    assert owed.state == DONE[act]
    event = Event.objects.latest("pk")
    assert (event.actor, event.source) == (house.ann.user, "mail")
    assert inline_code(response.content.decode()) == []


def test_what_waits_goes_on_with_one_tap(owed, stranger):
    stranger.post(address(owed, Act.WAIT))
    owed.refresh_from_db()
    assert "goes on" in stranger.post(address(owed, Act.GO_ON)).content.decode()
    owed.refresh_from_db()
    assert owed.state == "open"


def test_what_the_act_refuses_is_said_on_the_same_page(owed, stranger):
    stranger.post(address(owed, Act.WAIT))
    response = stranger.post(address(owed, Act.LATER))
    assert response.status_code == 422
    assert 'role="alert"' in response.content.decode()
    owed.refresh_from_db()
    assert owed.state == "waiting"


def test_the_page_asks_one_thing_and_leaves_no_trace(owed, stranger):
    response = stranger.get(address(owed, Act.LATER))
    html = response.content.decode()
    assert html.count("<button") == 1
    assert "Call Ms Lima" in html and "Tue 3 Mar, 09:00" in html
    assert inline_code(html) == []
    assert response["Referrer-Policy"] == "no-referrer"
    assert "no-store" in response["Cache-Control"]
    assert "noindex" in response["X-Robots-Tag"]


def test_it_is_put_off_until_the_morning_after_the_tap(owed, house, stranger):
    wanted = address(owed, Act.LATER)
    house.at("Thu 15:00")
    stranger.post(wanted)
    owed.refresh_from_db()
    assert f"{owed.hold_until:%a %H:%M}" == "Fri 09:00"


def test_the_page_speaks_as_the_mail_did_whoever_is_signed_in(owed, house, client):
    house.ann.user.time_zone, house.ann.user.language = "Asia/Tokyo", "it"
    house.ann.user.save()
    client.force_login(UserFactory(language="en", time_zone="UTC"))
    response = client.get(address(owed, Act.LATER))
    assert 'lang="it"' in response.content.decode()
    assert "18:00" in response.content.decode()  # 9:00 at the house's own clock
    client.post(address(owed))
    assert Event.objects.latest("pk").actor == house.ann.user


def test_a_second_tap_says_that_it_is_done(owed, house, stranger):
    stranger.post(address(owed))
    house.at("Mon 14:02")
    again = stranger.post(address(owed))
    assert again.status_code == 409
    assert "You did it" in again.content.decode()
    assert Event.objects.filter(kind="kept").count() == 1


@pytest.mark.parametrize("act", DONE)
def test_what_somebody_else_settled_is_said_with_their_name(owed, house, stranger, act):
    actions.keep(commitment=owed, by=house.by, at=house.at("Mon 14:02"))
    response = stranger.post(address(owed, act))
    assert response.status_code == 409
    html = response.content.decode()
    assert house.by.user.name in html and "14:02" in html and "<button" not in html


def test_what_was_cancelled_is_said(owed, house, stranger):
    actions.cancel(commitment=owed, by=house.by, at=house.at("Mon 14:02"))
    assert "cancelled it" in stranger.get(address(owed)).content.decode()


def test_what_somebody_took_on_already_is_said_and_can_still_be_finished(owed, house, stranger):
    actions.acknowledge(commitment=owed, by=house.by, at=house.at("Mon 14:02"))
    assert "took it on" in stranger.post(address(owed, Act.ON_IT)).content.decode()
    assert stranger.post(address(owed, Act.DONE)).status_code == 200


def test_after_taking_it_on_the_same_mail_still_finishes_it(owed, stranger):
    done = address(owed, Act.DONE)
    stranger.post(address(owed, Act.ON_IT))
    assert stranger.post(done).status_code == 200
    owed.refresh_from_db()
    assert owed.state == "kept"


def test_a_link_of_last_time_does_not_settle_the_next(owed, house, stranger):
    Commitment.objects.update(recur_every=1, recur_unit="weeks")
    wanted = address(owed)
    assert stranger.post(wanted).status_code == 200
    owed.refresh_from_db()
    assert not owed.is_closed
    next_due = owed.due_at
    house.at("Mon 14:02")
    response = stranger.post(wanted)
    assert response.status_code == 409
    assert "moved on" in response.content.decode()
    owed.refresh_from_db()
    assert owed.due_at == next_due


def test_it_ends(owed, house, stranger):
    wanted = address(owed)
    house.clock.freeze(links.ends_at(owed, written_at=MONDAY, zone="UTC") - timedelta(seconds=1))
    assert stranger.get(wanted).status_code == 200
    house.clock.freeze(links.ends_at(owed, written_at=MONDAY, zone="UTC"))
    for response in (stranger.get(wanted), stranger.post(wanted)):
        assert response.status_code == 410
        assert "has ended" in response.content.decode()
        assert "Lima" not in response.content.decode()
    owed.refresh_from_db()
    assert owed.state == "open"


@pytest.mark.parametrize("token", ["d-1-2-3-4.x", "x", "d-1-2-3-4", "fewer", "." * 3000])
def test_what_we_did_not_write_opens_nothing(owed, stranger, token):
    for response in (stranger.get(f"/o/{token}/"), stranger.post(f"/o/{token}/")):
        assert response.status_code == 404
        assert "Lima" not in response.content.decode()
        assert response["Referrer-Policy"] == "no-referrer"


def test_what_does_nothing_leads_to_where_one_signs_in(owed, house, stranger):
    wanted = address(owed)
    house.clock.freeze(links.ends_at(owed, written_at=MONDAY, zone="UTC"))
    assert f'href="/owed/{owed.pk}/"' in stranger.get(wanted).content.decode()
    assert stranger.get(f"/owed/{owed.pk}/")["Location"].endswith(f"?next=/owed/{owed.pk}/")
    assert 'href="/"' in stranger.get("/o/x/").content.decode()


def gone(ann):
    ann.deactivated_at = MONDAY
    ann.save()


def signs_in_no_more(ann):
    ann.user.is_active = False
    ann.user.save()


def may_only_read(ann):
    ann.user.groups.clear()


def sees_it_no_more(ann):
    narrow("sales_rep", RoleScope.Sees.OWN)
    ann.assignments.all().delete()


@pytest.mark.parametrize("change", [gone, signs_in_no_more, may_only_read, sees_it_no_more])
def test_nobody_does_by_mail_what_they_could_not_do_on_the_page(owed, house, stranger, change):
    wanted = address(owed)
    change(house.ann)
    for response in (stranger.get(wanted), stranger.post(wanted)):
        assert response.status_code == 403
        assert "Lima" not in response.content.decode() and "Atlantico" not in response.content.decode()
        assert f'href="/owed/{owed.pk}/"' in response.content.decode()
    owed.refresh_from_db()
    assert owed.state == "open"


def test_a_mailbox_acts_in_the_name_of_its_team(owed, house, stranger):
    team = TeamFactory(name="Team AR", email="ar@firm.example", delivery="mailbox")
    MembershipFactory(team=team, member=house.ben)
    actions.reassign(commitment=owed, poc=team, by=house.by, at=MONDAY)
    assert stranger.post(address(owed, Act.ON_IT, poc=team)).status_code == 200
    event = Event.objects.latest("pk")
    assert (event.actor, event.source, event.personal.values["actor"]) == (None, "mail", "Team AR")
    assert "Team AR took it on" in stranger.get(address(owed, Act.ON_IT)).content.decode()
    entry = page(house.record.pk, homes=None).entries[0]
    assert "Team AR has taken it on" in entry.title
    assert (entry.actor, list(entry.meta)) == ("Team AR", ["By a link in a mail"])


def test_a_mailbox_that_answers_no_more_does_nothing(owed, house, stranger):
    box = PersonFactory(name="Front office", email="office@firm.example")
    link = address(owed, Act.DONE, poc=box)
    actions.reassign(commitment=owed, poc=box, by=house.by, at=MONDAY)
    assert stranger.get(link).status_code == 200
    actions.reassign(commitment=owed, poc=house.ben, by=house.by, at=MONDAY)
    assert stranger.post(link).status_code == 403
    owed.refresh_from_db()
    assert owed.state == "open"


def test_one_place_may_not_try_without_end_and_looks_do_not_use_up_what_it_may_send(owed, stranger, monkeypatch):
    counting(monkeypatch, mail__look=one_click.LOOKS - 1)
    assert [stranger.get(where).status_code for where in (address(owed), "/o/x/")] == [200, 429]
    assert "Retry-After" in stranger.get("/o/y/")
    assert stranger.get("/o/x/", REMOTE_ADDR="198.51.100.7").status_code == 404
    assert stranger.post(address(owed)).status_code == 200
    counting(monkeypatch, mail__send=CHANGES)
    assert stranger.post("/o/x/").status_code == 429


# --- Fewer mails -----------------------------------------------------------------------------------------------------


def way_out(poc, *groups):
    out = unsubscribing.WayOut(poc.pk, groups, (MONDAY + timedelta(days=90)).replace(microsecond=0))
    return f"/o/fewer/{unsubscribing.token(out)}/"


def test_a_mail_program_switches_a_digest_off_without_cookie_or_question(house, stranger):
    NoticePreference.objects.create(poc=house.ann, by_email={"reminders": "digest", "given": "digest"})
    address = way_out(house.ann, "reminders", "news")
    assert stranger.get(address).status_code == 200
    assert NoticePreference.objects.get().by_email == {"reminders": "digest", "given": "digest"}
    response = stranger.post(address, {"List-Unsubscribe": "One-Click"})
    assert response.status_code == 200
    assert "“Reminders”, “News”" in response.content.decode() and "/me/notices/" in response.content.decode()
    assert NoticePreference.objects.get().by_email == {"reminders": "never", "given": "digest", "news": "never"}
    assert Event.objects.latest("pk").source == "mail"
    n_events = Event.objects.count()
    assert stranger.post(address).status_code == 200
    assert Event.objects.count() == n_events


def test_a_way_out_ends_and_is_nobody_elses_to_write(house, stranger):
    address = way_out(PersonFactory(deactivated_at=MONDAY), "news")
    assert stranger.post(address).status_code == 404
    address = way_out(house.ann, "news")
    assert stranger.post(address.replace("news", "reminders")).status_code == 404
    house.clock.freeze(MONDAY + timedelta(days=90))
    ended = stranger.post(address)
    assert (ended.status_code, 'href="/me/notices/"' in ended.content.decode()) == (404, True)
    assert not NoticePreference.objects.exists()
