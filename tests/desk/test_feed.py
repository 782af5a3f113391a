"""What one owes as a calendar: what stands in it, what never does, and how programs that subscribe are answered."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from crm.commitments import actions
from crm.commitments.models import Commitment
from crm.core.text import printable
from crm.desk import feed as feeds
from crm.desk.views.feed import LOOKS
from crm.dossiers.models import Dossier, Firm
from crm.poc.models import ShareLink
from crm.users.models import RoleScope
from tests.counting import counting
from tests.desk import rfc5545
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.commitments import CommitmentFactory
from tests.factories.contacts import ContactFactory
from tests.factories.dossiers import topic
from tests.factories.poc import AbsenceFactory, AssignmentFactory, PersonFactory, ShareLinkFactory, TeamFactory
from tests.factories.users import UserFactory, actor, narrow

URL = "/calendar/secret.ics"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NEVER = ("ATTENDEE", "ORGANIZER", "VALARM", "CONTACT", "RRULE", "ATTACH")


@pytest.fixture
def link(marta):
    Firm.objects.update(name="Hallberg Messtechnik", set_up_at=AT, zone="Europe/Lisbon", language="en")
    return feed_link(marta)


def feed_link(poc, secret="secret", **values):
    values = {"expires_at": AT + 731 * DAY, "shown": ["name"]} | values
    return ShareLinkFactory(kind="feed", poc=poc, secret=secret, **values)


def owe(poc, **values):
    """Something that is due at 9:00 in two days, by name."""
    return CommitmentFactory(poc=poc, **values)


def get(client, address=URL, status=200, **headers):
    response = client.get(address, headers=headers)
    assert response.status_code == status, response.content
    return response


def read(client):
    """The calendar, read by two readers that agree about how much stands in it."""
    content = get(client).content
    strict = rfc5545.read(content)
    assert len(Calendar.from_ical(content).walk("VEVENT")) == len(events(strict))
    return strict


def events(calendar):
    return [part for part in calendar.parts if part.name == "VEVENT"]


def titles(client):
    return [event["SUMMARY"] for event in events(read(client))]


# --- What stands in it -----------------------------------------------------------------------------------------------


def test_the_calendar_says_what_it_is_and_how_often_to_ask(client, link):
    calendar = read(client)
    assert (calendar["METHOD"], calendar["CALSCALE"]) == ("PUBLISH", "GREGORIAN")
    assert calendar["PRODID"] == "-//Liaison//Liaison//EN"
    assert calendar["NAME"] == calendar["X-WR-CALNAME"] == "Promises · Hallberg Messtechnik"
    assert calendar["X-WR-TIMEZONE"] == "Europe/Lisbon"
    assert calendar["REFRESH-INTERVAL"] == calendar["X-PUBLISHED-TTL"] == "PT1H"
    assert calendar.properties["REFRESH-INTERVAL"][0].params == ";VALUE=DURATION"


def test_something_owed_is_an_entry_at_its_due_moment_that_blocks_nobodys_time(client, link, marta, settings):
    account = AccountFactory(name="Adega Azul")
    owed = owe(marta, dossier=account.dossier, title="Send the offer", due_at=datetime(2026, 3, 6, 9, tzinfo=UTC))
    [event] = events(read(client))
    address = f"{settings.PUBLIC_URL}/owed/{owed.pk}/"
    assert (event["DTSTART"], event["DTEND"]) == ("20260306T090000Z", "20260306T091500Z")
    assert event["SUMMARY"] == "Send the offer"
    assert event["DESCRIPTION"] == f"Adega Azul\nWho answers: Marta Ruiz\n{address}"
    assert event["URL"] == address
    assert (event["STATUS"], event["TRANSP"], event["X-MICROSOFT-CDO-BUSYSTATUS"]) == (
        "CONFIRMED", "TRANSPARENT", "FREE",
    )  # fmt: skip
    assert event["SEQUENCE"] == "0"
    assert event["DTSTAMP"] == event["LAST-MODIFIED"] == "20260304T120000Z"


def test_nobody_is_invited_and_no_bell_rings(client, link, marta):
    contact = ContactFactory()
    owe(marta, dossier=contact.dossier)
    owe(marta)
    text = get(client).content.decode()
    assert not [name for name in NEVER if name in text]


def test_a_record_that_is_a_person_outside_is_not_named_but_whom_they_belong_to(client, link, marta):
    azul = AccountFactory(name="Adega Azul")
    owe(marta, dossier=ContactFactory(name="Rita Lima", account=azul).dossier, title="Call back")
    owe(marta, dossier=ContactFactory(name="Rui Costa").dossier, title="Write")
    text = get(client).content.decode()
    assert "Adega Azul" in text
    assert "Lima" not in text and "Costa" not in text


def test_a_quiet_calendar_says_that_something_is_due_and_not_what(client, link, marta, settings):
    ShareLink.objects.update(shown=[])
    owed = owe(marta, dossier=AccountFactory(name="Adega Azul").dossier, title="Send the offer")
    [event] = events(read(client))
    assert event["SUMMARY"] == "Due at Liaison"
    assert event["DESCRIPTION"] == f"{settings.PUBLIC_URL}/owed/{owed.pk}/"
    text = get(client).content.decode()
    assert not [said for said in ("Adega", "offer", "Marta") if said in text]


def test_it_reaches_ninety_days_ahead_and_holds_everything_overdue(client, link, marta):
    owe(marta, title="Long overdue", due_at=AT - 400 * DAY)
    owe(marta, title="Just within", due_at=AT + 90 * DAY - HOUR)
    owe(marta, title="Beyond", due_at=AT + 90 * DAY)
    assert titles(client) == ["Long overdue", "Just within"]


def test_it_holds_five_hundred_at_most_the_soonest_first(link, marta, monkeypatch):
    monkeypatch.setattr("crm.commitments.inbox.MOST", 3)  # as many rows as one reader is given
    for n in range(5):
        owe(marta, title=f"Number {n}", due_at=AT + n * HOUR)
    assert [c.title for c in feeds.promises(marta.user, at=AT)] == ["Number 0", "Number 1", "Number 2"]


def test_what_my_teams_owe_and_whom_i_cover_for_is_mine_others_is_not(client, link, marta):
    team, ann = TeamFactory(name="Team AR", members=[marta]), PersonFactory(name="Ann Keller")
    AbsenceFactory(poc=ann, cover=marta)
    floating = AccountFactory()
    AssignmentFactory(dossier=floating.dossier, poc=marta)
    owe(team, title="Of the team")
    owe(ann, title="Of Ann, who is away")
    owe(None, dossier=floating.dossier, title="Of whoever answers")
    owe(PersonFactory(), title="Of somebody else")
    assert sorted(titles(client)) == ["Of Ann, who is away", "Of the team", "Of whoever answers"]
    assert "Who answers: Team AR" in get(client).content.decode()


def test_what_the_reader_may_not_see_is_not_given_to_their_calendar(client, link, marta):
    narrow("sales_rep", RoleScope.Sees.OWN)
    mine = AccountFactory()
    AssignmentFactory(dossier=mine.dossier, poc=marta)
    owe(marta, dossier=mine.dossier, title="Mine")
    owe(TeamFactory(members=[marta]), dossier=AccountFactory().dossier, title="On a record out of sight")
    assert titles(client) == ["Mine"]


@pytest.mark.parametrize("act", [actions.keep, actions.cancel])
def test_what_is_settled_leaves_the_calendar_and_comes_back_when_it_is_owed_again(client, link, marta, act):
    owed = owe(marta)
    tag = get(client)["ETag"]
    act(commitment=owed, by=actor(marta.user), at=AT)
    assert titles(client) == []
    assert get(client)["ETag"] != tag
    actions.reopen(commitment=owed, by=actor(marta.user), at=AT)
    assert titles(client) == [owed.title]


def test_what_is_snoozed_or_waited_for_stays_at_its_due_moment(client, link, marta):
    owed = owe(marta)
    actions.snooze(commitment=owed, until=AT + 9 * DAY, by=actor(marta.user), at=AT)
    [event] = events(read(client))
    assert (event["DTSTART"], event["SEQUENCE"]) == ("20260306T090000Z", "1")


def test_every_act_makes_a_later_version_of_the_same_entry(client, link, marta, clock):
    owed = owe(marta)
    [before] = events(read(client))
    later = clock.freeze(AT + HOUR)
    actions.redue(commitment=owed, due_at=AT + 5 * DAY, by=actor(marta.user), at=later)
    [after] = events(read(client))
    assert after["UID"] == before["UID"]
    assert int(after["SEQUENCE"]) > int(before["SEQUENCE"])
    assert after["LAST-MODIFIED"] == after["DTSTAMP"] == "20260304T130000Z"
    assert after["DTSTART"] == "20260309T120000Z"


def test_an_entry_is_the_same_in_every_link_and_another_in_every_installation(client, link, marta, settings):
    owe(marta)
    [first] = events(read(client))
    link.delete()
    feed_link(marta)
    [again] = events(read(client))
    settings.PUBLIC_URL = "https://crm.other.example"
    [elsewhere] = events(read(client))
    assert first["UID"] == again["UID"] != elsewhere["UID"]


def test_no_two_entries_share_their_uid(client, link, marta):
    for _n in range(3):
        owe(marta)
    ShareLink.objects.update(expires_at=AT + DAY)
    assert len({event["UID"] for event in events(read(client))}) == 4


def test_nothing_owed_is_a_valid_calendar_still(client, link):
    calendar = read(client)
    [zone] = calendar.parts
    assert (zone.name, zone["TZID"]) == ("VTIMEZONE", "UTC")


def test_a_calendar_that_is_about_to_end_says_so(client, link):
    ShareLink.objects.update(expires_at=AT + 14 * DAY)
    [event] = events(read(client))
    assert event["SUMMARY"] == "This calendar ends: make a new link"
    assert event["DTSTART"] == "20260318"
    ShareLink.objects.update(expires_at=AT + 15 * DAY)
    assert titles(client) == []


@pytest.mark.parametrize(
    ("zone", "due", "starts", "ends"),
    [
        ("Europe/Lisbon", "2026-03-29 00:30", "20260329T003000Z", "20260329T004500Z"),  # the clocks go on at one
        ("Europe/Lisbon", "2026-03-29 02:00", "20260329T010000Z", "20260329T011500Z"),
        ("Europe/Berlin", "2026-05-20 18:00", "20260520T160000Z", "20260520T161500Z"),
        ("America/New_York", "2026-03-08 03:00", "20260308T070000Z", "20260308T071500Z"),  # they went on at two
        ("Australia/Lord_Howe", "2026-04-05 01:45", "20260404T144500Z", "20260404T150000Z"),  # the first of two
        ("Asia/Kathmandu", "2026-03-10 09:00", "20260310T031500Z", "20260310T033000Z"),
        ("Europe/Lisbon", "2026-03-28 23:59", "20260328", "20260329"),
        ("Pacific/Auckland", "2026-04-05 23:59", "20260405", "20260406"),  # a day of 25 hours
        ("Europe/Lisbon", "2026-03-29 00:00", "20260329T000000Z", "20260329T001500Z"),
    ],
)
def test_a_moment_is_the_same_in_every_zone_and_the_end_of_a_day_is_that_day(
    client, link, marta, zone, due, starts, ends
):
    marta.user.time_zone = zone
    marta.user.save()
    owe(marta, due_at=datetime.fromisoformat(due).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC), zone=zone)
    [event] = events(read(client))
    assert (event["DTSTART"], event["DTEND"]) == (starts, ends)


def test_the_end_of_a_day_is_the_readers_not_that_of_whoever_promised(client, link, marta):
    marta.user.time_zone = "Asia/Tokyo"
    marta.user.save()
    lisbon = datetime(2026, 3, 6, 23, 59, tzinfo=ZoneInfo("Europe/Lisbon"))
    owe(marta, due_at=lisbon.astimezone(UTC), zone="Europe/Lisbon")
    [event] = events(read(client))
    assert event["DTSTART"] == "20260306T235900Z"  # Saturday morning in Tokyo


@pytest.mark.parametrize(("own", "of_the_link", "expected"), [("es", "it", "es"), ("", "it", "it")])
def test_it_is_in_the_persons_own_language_whoever_asks(client, link, marta, own, of_the_link, expected):
    marta.user.language = own
    marta.user.save()
    ShareLink.objects.update(language=of_the_link)
    assert get(client, accept_language="ru")["Content-Language"] == expected


AWKWARD = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=200)


@given(AWKWARD, AWKWARD)
@example("Tinto, branco; rosé \\ \\n \\, 🍷", 'BEGIN:VEVENT\r\nATTENDEE:mailto:"x"')
@example("👩‍👩‍👧‍👦" * 25, "é" * 200)
@example("a\rb\x0bc\x85d\u2028e\tf", "x" * 200)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_title_holds_two_readers_read_what_was_written(title, name):
    """Without a database: what is written depends on the row alone."""
    record = Dossier(pk=1, kind="account", title=name)
    owed = Commitment(
        pk=7, title=title, dossier=record, home=record, due_at=AT, acted_at=AT, generation=1, due_on=AT.date()
    )
    owed.owner = PersonFactory.build(name=name)
    link = ShareLink(shown=["name"], expires_at=AT + 99 * DAY)
    content = feeds._written(link, [owed], firm=Firm(name=name), zone=ZoneInfo("UTC"), at=AT)
    [event] = events(calendar := rfc5545.read(content))
    [lenient] = Calendar.from_ical(content).walk("VEVENT")
    assert event["SUMMARY"] == str(lenient["SUMMARY"]) == printable(title)
    assert calendar["X-WR-CALNAME"] == printable(f"Promises · {name}")
    assert event["DESCRIPTION"].endswith("/owed/7/")
    assert set(event.properties) == {
        "UID", "DTSTAMP", "LAST-MODIFIED", "SEQUENCE", "STATUS", "TRANSP", "X-MICROSOFT-CDO-BUSYSTATUS", "URL",
        "DTSTART", "DTEND", "SUMMARY", "DESCRIPTION",
    }  # fmt: skip


FIRST = datetime(2000, 1, 1, tzinfo=UTC)
ZONES = ["Europe/Lisbon", "Africa/Cairo", "America/St_Johns", "Pacific/Apia", "Asia/Tehran", "Australia/Lord_Howe"]


@given(st.integers(0, 60 * 366 * 24 * 60), st.sampled_from(ZONES))
@settings(max_examples=80, deadline=None)
@example(23 * 60 + 59, "Europe/Lisbon")
def test_every_moment_is_read_back_as_it_is_due(minutes, zone):
    owed = Commitment(pk=7, title="x", dossier=Dossier(title="A"), home=Dossier(), acted_at=AT, generation=1)
    owed.due_at, owed.owner = FIRST + timedelta(minutes=minutes), PersonFactory.build()
    starts = feeds._promise(owed, ZoneInfo(zone), with_names=True)["DTSTART"].dt
    if isinstance(starts, datetime):
        assert starts == owed.due_at
    else:
        assert (starts, starts + DAY) == _day_of(owed.due_at, zone)


def _day_of(moment: datetime, zone: str) -> tuple[date, date]:
    local = moment.astimezone(ZoneInfo(zone))
    assert local.time() == time(23, 59)
    return local.date(), local.date() + DAY


# --- How programs that subscribe are answered ------------------------------------------------------------------------


def test_it_is_given_without_signing_in_under_headers_that_keep_it_private(client, link, marta):
    owe(marta)
    response = get(client)
    assert response["Content-Type"] == "text/calendar; charset=utf-8"
    assert response["Cache-Control"] == "private, no-cache"
    assert "noindex" in response["X-Robots-Tag"]
    assert response["Referrer-Policy"] == "no-referrer"
    assert 'filename="liaison.ics"' in response["Content-Disposition"]
    assert response["Last-Modified"] == "Wed, 04 Mar 2026 12:00:00 GMT"
    assert not response.cookies


def test_who_has_it_as_it_is_gets_nothing_again(client, link, marta, clock):
    owe(marta)
    tag = get(client)["ETag"]
    assert tag.startswith('"')  # a strong one
    clock.freeze(AT + HOUR)
    again = get(client, status=304, if_none_match=tag)
    assert (again.content, again["ETag"]) == (b"", tag)
    assert "private" in again["Cache-Control"]
    assert get(client, status=304, if_none_match=f'"other", W/{tag}').content == b""
    owe(marta)
    assert get(client, if_none_match=tag)["ETag"] != tag


def test_a_moment_alone_never_hides_what_was_given_away(client, link, marta):
    kept, given_away = owe(marta), owe(marta)
    modified = get(client)["Last-Modified"]
    actions.reassign(commitment=given_away, poc=PersonFactory(), by=actor(marta.user), at=AT)
    response = get(client, if_modified_since=modified)
    assert [event["SUMMARY"] for event in events(rfc5545.read(response.content))] == [kept.title]


def test_only_its_head_may_be_asked_for_which_counts_as_no_reading(client, link, marta):
    owe(marta)
    head = client.head(URL)
    assert (head.status_code, head.content, head["ETag"]) == (200, b"", get(client)["ETag"])
    ShareLink.objects.update(opened=0, opened_at=None)
    client.head(URL)
    assert ShareLink.objects.get().opened == 0


def test_whatever_is_no_reading_is_refused(client, link):
    assert client.post(URL).status_code == 405


def test_that_it_was_read_is_noted_once_a_minute_unchanged_or_not(client, link, clock):
    tag = get(client)["ETag"]
    get(client)
    clock.freeze(AT + timedelta(minutes=1))
    get(client, status=304, if_none_match=tag)
    link.refresh_from_db()
    assert (link.opened, link.opened_at) == (2, AT + timedelta(minutes=1))


def _revoked(link):
    ShareLink.objects.update(revoked_at=AT)


def _expired(link):
    ShareLink.objects.update(expires_at=AT)


def _user_deactivated(link):
    link.poc.user.is_active = False
    link.poc.user.save()


def _poc_deactivated(link):
    link.poc.deactivated_at = AT
    link.poc.save()


def _without_user(link):
    link.poc.user = None
    link.poc.save()


def _without_role(link):
    link.poc.user.groups.clear()


def _a_card(link):
    ShareLink.objects.update(kind="card")


ENDS = [_revoked, _expired, _user_deactivated, _poc_deactivated, _without_user, _without_role, _a_card]


@pytest.mark.parametrize("end", ENDS)
def test_whatever_it_is_that_opens_nothing_the_answer_is_the_same(client, link, end):
    get(client)
    end(link)
    gone = get(client, status=404)
    unknown = get(client, "/calendar/unknown.ics", status=404)
    assert gone.content == unknown.content
    assert {name: gone[name] for name in gone.headers} == {name: unknown[name] for name in unknown.headers}
    assert "noindex" in gone["X-Robots-Tag"]


def test_its_secret_opens_no_page_and_a_pages_secret_no_calendar(client, link, marta):
    ShareLinkFactory(poc=marta, secret="card")
    get(client, "/s/secret/", status=404)
    get(client, "/s/secret/card.vcf", status=404)
    get(client, "/calendar/card.ics", status=404)


def test_a_program_that_asks_all_the_time_is_told_to_wait(client, link, monkeypatch):
    counting(monkeypatch, feed__look=LOOKS - 1)
    get(client)
    response = get(client, status=429)
    assert 1 <= int(response["Retry-After"]) <= 61


@pytest.mark.parametrize("n", [1, 12])
def test_it_costs_the_same_however_much_is_owed(client, link, marta, django_assert_num_queries, n):
    for _n in range(n):
        account = AccountFactory()
        AssignmentFactory(dossier=account.dossier, poc=marta, topic=topic("billing"))
        owe(marta, dossier=account.dossier)
        owe(None, dossier=account.dossier, topic=topic("billing"))
    get(client)
    with django_assert_num_queries(18):  # link, rights, firm; who I am (2); what is owed, and who answers (13)
        assert get(client).status_code == 200


# --- The page ---------------------------------------------------------------------------------------------------------


def test_the_page_asks_for_signing_in(client, link):
    assert client.get("/calendar/").status_code == 302
    assert client.post("/calendar/").status_code == 302
    assert client.post("/calendar/end/").status_code == 302


def test_the_link_is_made_shown_once_and_opens_the_calendar(as_marta, link, marta, settings):
    made = as_marta.post("/calendar/", {})
    html = made.content.decode()
    address = made.context["address"]
    assert made.status_code == 201
    assert address.startswith(f"{settings.PUBLIC_URL}/calendar/") and address.endswith(".ics")
    assert f">{address}</code>" in html
    assert f'href="webcal://{address.partition("://")[2]}"' in html
    assert "no-store" in made["Cache-Control"]
    get(as_marta, address.removeprefix(settings.PUBLIC_URL))
    get(as_marta, status=404)  # the one before
    assert address not in as_marta.get("/calendar/").content.decode()


def test_the_page_says_how_to_subscribe_and_when_it_was_last_read(as_marta, link):
    html = as_marta.get("/calendar/").content.decode()
    assert "Not read yet" in html
    for said in ("Google Calendar", "Outlook", "Apple", "It says titles and records", "Counts until 4 Mar 2028"):
        assert said in html
    get(as_marta)
    assert "Last read" in as_marta.get("/calendar/").content.decode()


def test_names_are_left_out_where_that_is_ticked_and_so_it_stays(as_marta, link):
    html = as_marta.post("/calendar/", {"is_quiet": "on"}).content.decode()
    assert ShareLink.objects.get(revoked_at=None).shown == []
    assert "It says neither titles nor names" in html
    assert as_marta.get("/calendar/").context["form"]["is_quiet"].value() is True


def test_it_is_ended_by_a_post_alone(as_marta, link):
    assert as_marta.get("/calendar/end/").status_code == 405
    response = as_marta.post("/calendar/end/", follow=True)
    assert "The calendar link is ended" in response.content.decode()
    get(as_marta, status=404)
    assert as_marta.post("/calendar/end/").status_code == 302


def test_who_is_no_point_of_contact_is_told_so(client, link):
    client.force_login(UserFactory(role="sales_rep"))
    assert "You answer for nothing here" in client.get("/calendar/").content.decode()
    assert client.post("/calendar/").status_code == 422
    assert ShareLink.objects.count() == 1


def test_who_may_not_see_what_is_owed_has_no_calendar(client, link):
    client.force_login(UserFactory())
    assert client.get("/calendar/").status_code == 403
    assert client.post("/calendar/").status_code == 403


def test_the_menu_leads_there(as_marta, link):
    assert 'href="/calendar/"' in as_marta.get("/").content.decode()
