"""The quick-log and the pages of touches, at the door."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse

from accounts.models import Account
from contacts.models import Contact
from crm.commitments import actions
from crm.commitments.models import Commitment, Kind
from crm.users.models import RoleScope
from interactions.models import Interaction
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.commitments import CommitmentFactory
from tests.factories.contacts import ContactFactory
from tests.factories.interactions import FollowUpFactory, InteractionFactory, unknown_callers
from tests.factories.poc import AssignmentFactory, PersonFactory
from tests.factories.projects import ProjectFactory
from tests.factories.users import UserFactory, narrow

LOG = "/log/"


def sent(**fields):
    """What the browser sends, filled in."""
    known = {
        "direction": "out", "channel": "phone", "topic": "general", "outcome": "reached", "follow_up": "", "note": "",
        "client_key": str(uuid4()),
    }  # fmt: skip
    return known | fields


def checked(html, name):
    """The values ticked under a name."""
    inputs = re.findall(rf'<input[^>]*name="{name}"[^>]*>', html)
    return [re.search(r'value="([^"]*)"', tag)[1] for tag in inputs if " checked" in tag]


def test_a_stranger_to_the_house_is_sent_to_sign_in(client, db):
    UserFactory()
    assert client.get(LOG)["Location"].startswith("/auth/login/")


def test_somebody_who_may_only_read_does_not_log(client, db):
    client.force_login(UserFactory(role="read_only"))
    assert client.get(LOG).status_code == 403
    assert client.post(LOG, sent(caller="x")).status_code == 403


def test_the_form_opens_with_what_is_known(as_marta, lima, ann):
    project = ProjectFactory(account=lima.account, name="Cold store Marvila")
    InteractionFactory(account=lima.account, topic_id=5)
    html = as_marta.get(LOG, {"record": lima.pk}).content.decode()
    assert "Beatriz Lima" in html
    assert "Cervejaria Atlântico" in html
    assert f'<option value="{project.pk}" selected>' in html
    assert '<option value="billing" selected>' in html
    assert "Ann Keller will be told" in html


def test_of_an_account_the_only_contact_is_filled_in_and_of_several_none(as_marta, lima):
    url = f"{LOG}?record={lima.account_id}"
    assert f'name="contact" value="{lima.pk}"' in as_marta.get(url).content.decode()
    ContactFactory(account=lima.account)
    assert "Nobody in particular" in as_marta.get(url).content.decode()


def test_follow_ups_are_offered_with_the_moment_and_whoever_will_do_it(as_marta, lima):
    html = as_marta.get(LOG, {"record": lima.pk}).content.decode()
    assert re.search(r"Thu 5 Mar, 09:00.*?Ann Keller", html, re.S)
    assert re.search(r"Mon 9 Mar, 09:00", html)
    assert re.search(r"Wed 11 Mar, 09:00", html)


def test_saving_logs_it_and_comes_back_with_undo_and_open(as_marta, marta, lima):
    ContactFactory.create_batch(2, account=lima.account)
    response = as_marta.post(LOG, sent(record=lima.pk, note="Fine.", next="/accounts/"), follow=True)
    logged = Interaction.objects.get()
    assert (logged.contact, logged.logged_by, logged.note) == (lima, marta.user, "Fine.")
    html = response.content.decode()
    assert response.redirect_chain[-1][0] == "/accounts/"
    assert f'<form method="post" action="{reverse("interactions:undo", args=[logged.pk])}">' in html
    assert f'data-saved="{logged.client_key}"' in html


def test_htmx_is_told_where_to_go(as_marta, lima):
    response = as_marta.post(LOG, sent(record=lima.pk, next="/accounts/"), headers={"HX-Request": "true"})
    assert response["HX-Redirect"] == "/accounts/"


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "javascript:alert(1)", ""])
def test_one_never_comes_back_to_another_site(as_marta, lima, elsewhere):
    assert as_marta.post(LOG, sent(record=lima.pk, next=elsewhere))["Location"] == "/"


def test_a_digit_plans_the_follow_up_for_whoever_answers_then(as_marta, lima):
    html = as_marta.get(LOG, {"record": lima.pk}).content.decode()
    moment = re.search(r'value="([^"]+)" id="fu-2"', html)[1]
    as_marta.post(LOG, sent(record=lima.pk, follow_up=moment))
    owed = Commitment.objects.get()
    assert (owed.kind, owed.poc, owed.due_at.isoformat()) == (Kind.FOLLOW_UP, None, "2026-03-09T09:00:00+00:00")


def test_me_instead_gives_it_to_the_one_who_logs(as_marta, marta, lima):
    as_marta.post(LOG, sent(record=lima.pk, follow_up="2026-03-05T09:00:00+00:00", mine="on"))
    assert Commitment.objects.get().poc == marta


def test_the_moment_may_be_written_in_plain_words(as_marta, lima):
    as_marta.post(LOG, sent(record=lima.pk, follow_up="t", due="fri 14:00"))
    assert Commitment.objects.get().due_at.isoformat() == "2026-03-06T14:00:00+00:00"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"outcome": ""}, "Say how it went."),
        ({"outcome": "met"}, "Choose one of those offered."),
        ({"outcome": "missed"}, "Choose one of those offered."),
        ({"direction": "in"}, "Say why they were in touch."),
        ({"direction": "in", "purpose": "nonsense"}, "Choose one of those offered."),
        ({"channel": "pigeon"}, "Choose one of those offered."),
        ({"topic": ""}, "This field is required."),
        ({"follow_up": "t", "due": "some day"}, "does not say when. Write when as"),
        ({"follow_up": "t", "due": "2099-01-01"}, "more than five years ahead"),
        ({"follow_up": "t", "due": ""}, "Write when as"),
        ({"follow_up": "soon"}, "Choose one of those offered."),
        ({"follow_up": "2026-03-01T09:00:00+00:00"}, "before now"),
        ({"follow_up": "2026-03-09T09:00:00"}, "Choose one of those offered."),
        ({"occurred_at": "2026-03-05T09:00"}, "later than now"),
        ({"occurred_at": "yesterday"}, "Enter a valid date/time."),
        ({"minutes": "-1"}, "greater than or equal to 0"),
        ({"minutes": "99999"}, "less than or equal to 1440"),
        ({"client_key": "nonsense"}, "Enter a valid UUID."),
        ({"settles": "4711"}, "settled meanwhile"),
        ({"settles": "9" * 30}, "must be open"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_typed_is_lost(as_marta, lima, fields, said):
    response = as_marta.post(LOG, sent(record=lima.pk, note="What I typed") | fields)
    html = response.content.decode()
    assert response.status_code == 422
    assert said in html
    assert "What I typed" in html
    assert not Interaction.objects.exists()


def test_a_form_left_open_settles_no_other_turn_than_it_showed(as_marta, lima, by, clock):
    """What recurs was done meanwhile: this call is not the next time's."""
    owed = CommitmentFactory(dossier=lima.dossier, recur_every=1, recur_unit="weeks", recur_from=AT)
    shown = {"settles": str(owed.pk), f"due-{owed.pk}": owed.due_at.isoformat()}
    page = as_marta.get(f"{LOG}?record={lima.pk}").content.decode()
    assert f'name="due-{owed.pk}" value="{owed.due_at.isoformat()}"' in page
    actions.keep(commitment=owed, by=by, at=AT)
    clock.freeze(AT + timedelta(minutes=10))
    response = as_marta.post(LOG, sent(record=lima.pk) | shown)
    assert response.status_code == 422 and "settled meanwhile" in response.content.decode()
    shown = {"settles": str(owed.pk), f"due-{owed.pk}": Commitment.objects.get().due_at.isoformat()}
    assert as_marta.post(LOG, sent(record=lima.pk) | shown).status_code == 302
    assert Commitment.objects.get().generation == 3


@pytest.mark.parametrize("record", ["0", "999999", "-1", "x", "9" * 40, "١"])
def test_a_record_that_is_none_asks_who_it_was(as_marta, record):
    response = as_marta.post(LOG, sent(record=record))
    assert (response.status_code, Interaction.objects.count()) == (422, 0)
    assert "who was it?" in response.content.decode()


def test_the_same_key_sent_twice_is_saved_once(as_marta, lima):
    once = sent(record=lima.pk, follow_up="2026-03-05T09:00:00+00:00")
    promised = FollowUpFactory(commitment__dossier=lima.dossier).commitment
    for _try in range(2):
        assert as_marta.post(LOG, once | {"settles": promised.pk}).status_code == 302
    assert (Interaction.objects.count(), Commitment.objects.open().count()) == (1, 1)


def test_the_same_again_within_two_minutes_is_asked_about_once(as_marta, lima, clock):
    as_marta.post(LOG, sent(record=lima.pk))
    response = as_marta.post(LOG, sent(record=lima.pk, note="Twice?"))
    assert response.status_code == 422
    assert "You logged this a moment ago." in response.content.decode()
    assert as_marta.post(LOG, sent(record=lima.pk, again="on")).status_code == 302
    clock.freeze(AT + timedelta(minutes=3))
    assert as_marta.post(LOG, sent(record=lima.pk)).status_code == 302
    assert Interaction.objects.count() == 3


def test_another_outcome_is_not_a_repeat(as_marta, lima):
    as_marta.post(LOG, sent(record=lima.pk, outcome="no_answer"))
    assert as_marta.post(LOG, sent(record=lima.pk)).status_code == 302


def test_what_waited_on_a_device_is_logged_at_the_moment_it_was_filled_in(as_marta, lima):
    filled = AT - timedelta(hours=5)
    headers = {"X-Liaison-Queue": "1"}
    stale = {"follow_up": (AT - timedelta(hours=1)).isoformat(), "filled_at": filled.isoformat()}
    assert as_marta.post(LOG, sent(record=lima.pk, **stale), headers=headers).status_code == 302
    assert Interaction.objects.get().occurred_at == filled
    assert Commitment.objects.get().due_at.isoformat() == "2026-03-05T09:00:00+00:00"


@pytest.mark.parametrize("filled", ["2027-01-01T00:00:00Z", "2020-01-01T00:00:00Z", "x", "2026-03-04T08:00:00", ""])
def test_a_device_with_an_odd_clock_is_not_believed(as_marta, lima, filled):
    as_marta.post(LOG, sent(record=lima.pk, filled_at=filled), headers={"X-Liaison-Queue": "1"})
    assert Interaction.objects.get().occurred_at == AT


def test_what_is_due_by_tomorrow_is_offered_ticked_and_settled(as_marta, lima):
    soon = FollowUpFactory(commitment__dossier=lima.dossier, commitment__due_at=AT + timedelta(hours=2)).commitment
    later = FollowUpFactory(commitment__dossier=lima.dossier, commitment__due_at=AT + timedelta(days=9)).commitment
    elsewhere = FollowUpFactory().commitment
    html = as_marta.get(LOG, {"record": lima.pk}).content.decode()
    assert checked(html, "settles") == [str(soon.pk)]
    assert later.title in html
    assert elsewhere.title not in html
    as_marta.post(LOG, sent(record=lima.pk, settles=soon.pk))
    soon.refresh_from_db()
    assert soon.state == Commitment.State.KEPT


def test_another_channel_has_its_own_outcomes_and_keeps_what_was_typed(as_marta, lima):
    kept = sent(record=lima.pk, channel="in_person", note="We met", follow_up="t", due="tomorrow 9")
    html = as_marta.post("/log/form/", kept, headers={"HX-Request": "true"}).content.decode()
    assert 'value="met"' in html
    assert 'value="no_answer"' not in html
    assert "We met" in html
    assert 'value="tomorrow 9"' in html
    assert kept["client_key"] in html
    assert not Interaction.objects.exists()


def test_inbound_asks_for_the_reason_and_knows_missed_calls(as_marta, lima):
    html = as_marta.get(LOG, {"record": lima.pk, "direction": "in"}).content.decode()
    assert 'value="missed"' in html
    assert 'value="complaint"' in html
    as_marta.post(LOG, sent(record=lima.pk, direction="in", purpose="inquiry", outcome="missed"))
    assert Commitment.objects.get().kind == Kind.FIRST_ANSWER


def test_a_late_entry_is_marked(as_marta, lima):
    as_marta.post(LOG, sent(record=lima.pk, occurred_at="2026-03-03T09:00", minutes="12"))
    logged = Interaction.objects.get()
    assert (logged.occurred_at.isoformat(), logged.seconds) == ("2026-03-03T09:00:00+00:00", 720)
    assert "logged late" in as_marta.get(logged.get_absolute_url()).content.decode()


def test_seconds_are_counted_for_calls_alone(as_marta, lima):
    as_marta.post(LOG, sent(record=lima.pk, seconds="75"))
    as_marta.post(LOG, sent(record=lima.pk, seconds="75", channel="email", outcome="sent"))
    assert list(Interaction.objects.order_by("pk").values_list("seconds", flat=True)) == [75, None]


def test_somebody_new_becomes_a_contact_of_a_new_firm_in_the_same_form(as_marta):
    page = as_marta.get(LOG, {"caller": "+34 600 111 222"}).content.decode()
    assert 'name="new_reach" value="+34 600 111 222"' in page
    new = {"new_name": "Lucía Fernández", "new_reach": "+34 600 111 222", "new_firm": "Mercado Sur"}
    as_marta.post(LOG, sent(caller="+34 600 111 222", **new))
    contact = Contact.objects.get()
    assert (contact.name, contact.account.name, contact.phones.get().e164) == (
        "Lucía Fernández", "Mercado Sur", "+34600111222",
    )  # fmt: skip
    assert Interaction.objects.get().contact == contact


def test_a_firm_that_is_there_is_not_opened_twice(as_marta):
    AccountFactory(name="Mercado Sur")
    as_marta.post(LOG, sent(caller="Lucía", new_name="Lucía", new_reach="lucia@sur.example", new_firm="mercado  SUR"))
    assert Account.objects.count() == 1
    assert Contact.objects.get().emails.get().address == "lucia@sur.example"


def test_a_new_caller_sent_twice_is_opened_once(as_marta):
    once = sent(caller="Lucía", new_name="Lucía", new_firm="Mercado Sur")
    as_marta.post(LOG, once)
    as_marta.post(LOG, once)
    assert (Contact.objects.count(), Account.objects.count(), Interaction.objects.count()) == (1, 1, 1)


def test_a_new_caller_with_a_bad_number_is_not_half_saved(as_marta):
    response = as_marta.post(LOG, sent(caller="x", new_name="Lucía", new_reach="x", new_firm="Mercado Sur"))
    assert response.status_code == 422
    assert "A phone number needs at least three digits" in response.content.decode()
    assert not Account.objects.exists()
    assert not Interaction.objects.exists()


def test_without_a_name_the_caller_waits_to_be_sorted(as_marta):
    as_marta.post(LOG, sent(caller="+34 600 111 222", new_reach="+34 600 111 222"))
    logged = Interaction.objects.get()
    assert (logged.touch_point, logged.caller) == (unknown_callers(), "+34 600 111 222")
    assert "+34 600 111 222" in as_marta.get("/interactions/to-sort/").content.decode()


def test_support_logs_a_new_caller_but_opens_no_firm(client, db):
    client.force_login(UserFactory(role="support"))
    response = client.post(LOG, sent(caller="x", new_name="Lucía", new_firm="Mercado Sur"))
    assert (response.status_code, Contact.objects.count()) == (422, 0)
    assert "you may not open one" in response.content.decode()


def test_a_colleagues_customer_shows_who_answers_and_is_logged_all_the_same(as_marta, marta, lima, ann):
    narrow("sales_rep", RoleScope.Sees.OWN)
    promised = FollowUpFactory(commitment__dossier=lima.dossier).commitment
    html = as_marta.get(LOG, {"record": lima.pk}).content.decode()
    assert "Ann Keller answers" in html
    assert ann.email in html
    assert "Cervejaria Atlântico" not in html
    assert promised.title not in html
    as_marta.post(LOG, sent(record=lima.pk, settles=promised.pk))
    logged = Interaction.objects.get()
    promised.refresh_from_db()
    assert (logged.contact, promised.state) == (lima, Commitment.State.OPEN)
    page = as_marta.get(logged.get_absolute_url()).content.decode()
    assert "Beatriz Lima" in page
    assert "Cervejaria Atlântico" not in page


def test_who_is_found_while_one_types(as_marta, lima):
    html = as_marta.get("/log/who/", {"q": "lim"}).content.decode()
    assert f"record={lima.pk}" in html
    assert 'data-asked="lim"' in html
    assert "Nobody found" in as_marta.get("/log/who/", {"q": "zzz"}).content.decode()


def test_plain_words_are_read_back(as_marta, lima):
    said = as_marta.get("/log/due/", {"record": lima.pk, "due": "fri 14:00"}).content.decode()
    assert "Fri 6 Mar, 14:00" in said
    assert "Ann Keller" in said
    assert "Write when as" in as_marta.get("/log/due/", {"record": lima.pk, "due": "soonish"}).content.decode()
    assert "has passed" in as_marta.get("/log/due/", {"record": lima.pk, "due": "today 8"}).content.decode()


def test_undo_takes_it_back_from_the_page(as_marta, lima):
    as_marta.post(LOG, sent(record=lima.pk))
    logged = Interaction.objects.get()
    assert as_marta.get(reverse("interactions:undo", args=[logged.pk])).status_code == 405
    as_marta.post(reverse("interactions:undo", args=[logged.pk]))
    assert not Interaction.objects.current().exists()


def test_too_late_an_undo_says_so(as_marta, lima, clock):
    as_marta.post(LOG, sent(record=lima.pk))
    clock.freeze(AT + timedelta(minutes=11))
    response = as_marta.post(reverse("interactions:undo", args=[Interaction.objects.get().pk]), follow=True)
    assert "within ten minutes" in response.content.decode()
    assert Interaction.objects.current().exists()


def test_an_interactions_page_says_who_answered_and_why(as_marta, lima):
    as_marta.post(LOG, sent(record=lima.pk, note="Fine."))
    html = as_marta.get(Interaction.objects.get().get_absolute_url()).content.decode()
    for said in (
        "Fine.",
        "Who answered then",
        "On Cervejaria Atlântico for general: Ann Keller",
        "Logged by Marta Ruiz",
    ):
        assert said in html


def test_a_stranger_to_the_record_gets_404(as_marta, lima):
    narrow("sales_rep", RoleScope.Sees.OWN)
    other = InteractionFactory(account=lima.account)
    stranger = InteractionFactory(stranger=True)
    assert as_marta.get(other.get_absolute_url()).status_code == 404
    assert as_marta.post(reverse("interactions:undo", args=[other.pk])).status_code == 404
    assert as_marta.get(reverse("interactions:put", args=[stranger.pk])).status_code == 404
    assert as_marta.get("/follow-ups/new/", {"record": lima.pk}).status_code == 404
    for record in ("", "x", "9" * 30):
        assert as_marta.get("/follow-ups/new/", {"record": record}).status_code == 404


def test_a_stranger_is_put_to_a_contact_that_has_the_number(as_marta, lima):
    stranger = InteractionFactory(stranger=True, caller="+351 21 777 1410")
    url = reverse("interactions:put", args=[stranger.pk])
    assert "Beatriz Lima" in as_marta.get(url).content.decode()
    assert as_marta.post(url, {"contact": f"Beatriz Lima #{lima.pk}"}).status_code == 302
    stranger.refresh_from_db()
    assert stranger.contact == lima
    assert as_marta.get(url).status_code == 404


def test_putting_it_nowhere_is_said(as_marta):
    url = reverse("interactions:put", args=[InteractionFactory(stranger=True).pk])
    for fields, said in (({}, "Name a contact or an account."), ({"contact": "Nobody"}, "Nothing has this name.")):
        response = as_marta.post(url, fields)
        assert (response.status_code, said in response.content.decode()) == (422, True)


def test_a_follow_up_is_planned_on_a_record(as_marta, lima):
    url = f"/follow-ups/new/?record={lima.pk}"
    assert as_marta.get(url).status_code == 200
    wrong = as_marta.post(url, {"due": "some day", "topic": 1, "what": "Walk the dock"})
    assert (wrong.status_code, "Walk the dock" in wrong.content.decode()) == (422, True)
    as_marta.post(url, {"due": "tomorrow 9", "topic": 1, "what": "Walk the dock", "place": "Calle de Alcalá 214"})
    owed = Commitment.objects.get()
    assert (owed.title, owed.follow_up.place) == ("Walk the dock", "Calle de Alcalá 214")


@pytest.mark.parametrize(
    "query", ["", "?channel=phone", "?channel=nope", "?by=me", "?within=7", "?within=x", "?after=x", "?direction=in"]
)
def test_the_list_takes_any_address(as_marta, lima, query):
    InteractionFactory(account=lima.account)
    assert as_marta.get(f"/interactions/{query}").status_code == 200


def test_the_list_shows_the_newest_first_and_pages_on(as_marta, monkeypatch):
    *_others, before = InteractionFactory.create_batch(51)
    newest = InteractionFactory(occurred_at=AT + timedelta(hours=1))
    html = as_marta.get("/interactions/").content.decode()
    assert html.index(newest.get_absolute_url()) < html.index(before.get_absolute_url())
    older = re.search(r'rel="next" href="(\?[^"]+)"', html)[1].replace("&amp;", "&")
    assert as_marta.get(f"/interactions/{older}").content.decode().count("data-row") == 2


@pytest.mark.parametrize("rows", [1, 12])
def test_the_list_costs_the_same_however_long(as_marta, rows, django_assert_num_queries):
    InteractionFactory.create_batch(rows)
    with django_assert_num_queries(4):  # the reader, their permissions, channels, the page
        as_marta.get("/interactions/")


@pytest.mark.parametrize("rows", [1, 12])
def test_callers_to_sort_cost_the_same_however_many(as_marta, rows, django_assert_num_queries):
    InteractionFactory.create_batch(rows, stranger=True)
    with django_assert_num_queries(3):  # as the list, without channels
        as_marta.get("/interactions/to-sort/")


@pytest.mark.parametrize("n", [1, 12])
def test_the_form_costs_the_same_however_much_is_there(as_marta, lima, n, django_assert_num_queries):
    ContactFactory.create_batch(n + 1, account=lima.account)
    ProjectFactory.create_batch(n + 1, account=lima.account)
    FollowUpFactory.create_batch(n, commitment__dossier=lima.dossier)
    PersonFactory.create_batch(n)
    as_marta.get(LOG, {"record": lima.pk})
    # session, reader · record, contacts, projects, words, what was talked about last · who answers: places, POCs ·
    # calendars, whose is which · what it may settle
    with django_assert_num_queries(12):
        as_marta.get(LOG, {"record": lima.pk})


def test_saving_asks_five_times_more_at_the_door_than_the_action(as_marta, marta, django_assert_num_queries):
    mine = ContactFactory(at_account=True)
    AssignmentFactory(dossier=mine.account.dossier, poc=marta)
    # every page: session, reader · the door: record, contacts, projects, words, whether it was logged a moment ago ·
    # the action: whether the form was saved before, and twelve; a transaction around
    with django_assert_num_queries(2 + 5 + 13 + 2):
        as_marta.post(LOG, sent(record=mine.pk, follow_up="2026-03-05T09:00:00+00:00"))


NEW = {"caller": "211234567", "new_name": "B. Lima", "new_reach": "00351 21 777 1410"}


def test_a_new_caller_who_may_be_known_is_asked_about_once(as_marta, lima):
    response = as_marta.post(LOG, sent(note="Wants a quote", **NEW))
    html = response.content.decode()
    assert response.status_code == 422
    assert not Interaction.objects.exists()
    for words in ("Is it one of these?", "Beatriz Lima · Cervejaria Atlântico", "Ann Keller answers", "Wants a quote"):
        assert words in html
    again = sent(anyway=str(lima.pk), record="", **NEW)
    assert as_marta.post(LOG, again).status_code == 302
    assert Interaction.objects.get().contact.name == "B. Lima"


def test_saved_again_without_an_answer_a_new_caller_is_asked_about_again(as_marta, lima):
    assert as_marta.post(LOG, sent(anyway=str(lima.pk), **NEW)).status_code == 422


def test_a_new_caller_who_is_known_is_logged_as_such_with_all_that_was_typed(as_marta, lima):
    answered = sent(anyway=str(lima.pk), record=lima.pk, note="Wants a quote", **NEW)
    assert "Wants a quote" in as_marta.post("/log/form/", answered).content.decode()
    assert as_marta.post(LOG, answered).status_code == 302
    logged = Interaction.objects.get()
    assert (logged.contact, logged.note) == (lima, "Wants a quote")
    assert Contact.objects.count() == 1


def test_of_a_colleagues_contact_a_new_caller_tells_the_name_and_who_answers_alone(as_marta, lima, ann):
    narrow("sales_rep", RoleScope.Sees.OWN)
    html = as_marta.post(LOG, sent(**NEW)).content.decode()
    assert "Beatriz Lima" in html
    assert "Ann Keller answers" in html
    assert "Cervejaria Atlântico" not in html


def test_a_firm_outside_ones_view_is_not_opened_twice_unawares(as_marta, lima):
    narrow("sales_rep", RoleScope.Sees.OWN)
    firm = {"caller": "x", "new_name": "Lucía", "new_firm": "cervejaria atlantico"}
    html = as_marta.post(LOG, sent(**firm)).content.decode()
    assert "Is it one of these?" in html
    assert "Ann Keller answers" in html
    assert as_marta.post(LOG, sent(anyway=str(lima.account_id), record="", **firm)).status_code == 302
    assert Account.objects.count() == 2


def test_what_was_typed_without_a_connection_is_saved_without_a_question(as_marta, lima):
    as_marta.post(LOG, sent(**NEW), headers={"X-Liaison-Queue": "1"})
    assert Interaction.objects.get().contact.name == "B. Lima"


def test_a_retry_of_what_was_saved_is_not_asked_about(as_marta):
    once = sent(**NEW)
    assert [as_marta.post(LOG, once).status_code for _try in range(2)] == [302, 302]
