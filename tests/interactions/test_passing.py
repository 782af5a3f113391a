"""A problem goes to a specialist and comes back, while whoever answers keeps the customer."""

from datetime import timedelta

import pytest

from crm.commitments.actions import cancel, keep, reassign
from crm.commitments.models import Commitment, Kind, Notification
from crm.commitments.refusals import AnswersNoMore, ClosedAlready
from crm.commitments.telling import wording
from crm.core.actor import Actor
from crm.desk import my_day
from crm.dossiers.models import Event
from crm.dossiers.timeline import page
from crm.poc.calendars import working_times
from crm.poc.resolve import resolve
from crm.poc.visibility import visible_homes
from crm.users import roles
from crm.users.models import RoleScope, User
from interactions import passing
from interactions.actions import log
from interactions.corrections import put_to_record, undo
from interactions.follow_ups import NewFollowUp
from interactions.models import Interaction
from interactions.passing import AnswersAlready, NothingToSolve, NotPassedOn, ResolutionRequired, hand_back, pass_on
from tests.doors import ask_as, problem
from tests.factories import AT
from tests.factories.commitments import CommitmentFactory
from tests.factories.contacts import ContactFactory
from tests.factories.dossiers import outcome, purpose
from tests.factories.interactions import InteractionFactory
from tests.factories.poc import AbsenceFactory, PersonFactory, TeamFactory
from tests.factories.users import UserFactory, narrow

HOUR = timedelta(hours=1)


@pytest.fixture
def touch(by, lima, call):
    """A problem Ms Lima called about, logged by Marta."""
    return log(touch=call(contact=lima, direction="in", purpose=purpose("problem")), by=by, at=AT)


@pytest.fixture
def owed(touch):
    return touch.resolution


@pytest.fixture
def experts(db):
    ivo = PersonFactory(name="Ivo Brun", signs_in=True)
    return TeamFactory(name="Bottling experts", members=[ivo], delivery="all")


def told(kind):
    rows = Notification.objects.filter(kind=kind, channel="inbox").order_by("recipient__name")
    return list(rows.values_list("recipient__name", flat=True))


def line(kind):
    notice = Notification.objects.select_related("commitment", "dossier").filter(kind=kind, channel="inbox").first()
    (said,) = wording.lines([notice], AT)
    return said


# --- What is to be solved


@pytest.mark.parametrize(
    ("why", "kinds"),
    [
        ("problem", {Kind.FIRST_ANSWER, Kind.RESOLUTION}),
        ("complaint", {Kind.FIRST_ANSWER, Kind.RESOLUTION}),
        ("inquiry", {Kind.FIRST_ANSWER}),
        ("feedback", set()),
    ],
)
def test_an_inbound_touch_owes_what_its_reason_asks_for(by, lima, call, why, kinds):
    logged = log(touch=call(contact=lima, direction="in", purpose=purpose(why)), by=by, at=AT)
    assert set(Commitment.objects.values_list("kind", flat=True)) == kinds
    assert {c.kind for c in (logged.answer, logged.resolution) if c} == kinds


def test_what_is_solved_at_once_and_what_we_say_ourselves_owes_nothing(by, lima, call):
    log(touch=call("resolved", contact=lima, direction="in", purpose=purpose("problem")), by=by, at=AT)
    log(touch=call(contact=lima, direction="out", purpose=purpose("problem")), by=by, at=AT)
    assert not Commitment.objects.exists()


def test_it_is_to_be_solved_in_three_working_days(owed):
    assert owed.due_at.date() == (AT + timedelta(days=5)).date()  # Wednesday and three working days: Monday
    assert (owed.poc, owed.title) == (None, "Solve for Beatriz Lima: problem")


@pytest.mark.parametrize(("code", "state"), [("reached", "open"), ("no_answer", "open"), ("resolved", "kept")])
def test_only_an_outcome_after_which_nothing_is_owed_settles_it(by, lima, call, owed, code, state):
    due = owed.due_at
    log(touch=call(code, contact=lima), settles=[owed], by=by, at=AT + HOUR)
    owed.refresh_from_db()
    assert (owed.state, owed.due_at) == (state, due)


def test_without_any_outcome_what_is_named_is_settled(by, lima, call, owed):
    log(touch=call(contact=lima, outcome=None), settles=[owed], by=by, at=AT + HOUR)
    owed.refresh_from_db()
    assert owed.state == "kept"


def test_undoing_takes_back_all_it_opened_and_owes_again_what_it_settled(by, lima, call, touch, owed):
    solved = log(touch=call("resolved", contact=lima), settles=[owed, touch.answer], by=by, at=AT + HOUR).interaction
    undo(interaction=solved, by=by, at=AT + HOUR)
    assert set(Commitment.objects.values_list("kind", "state")) == {
        (Kind.FIRST_ANSWER, "open"), (Kind.RESOLUTION, "open"),
    }  # fmt: skip
    undo(interaction=touch.interaction, by=by, at=AT + timedelta(minutes=9))
    assert set(Commitment.objects.values_list("state", flat=True)) == {"cancelled"}


def test_what_a_stranger_needs_solved_goes_to_their_record_with_them(by, call):
    lima = ContactFactory(name="Beatriz Lima", at_account=True)
    strange = log(touch=call(caller="+351 1", direction="in", purpose=purpose("problem")), by=by, at=AT)
    put_to_record(interaction=strange.interaction, contact=lima, by=by, at=AT + HOUR)
    assert set(Commitment.objects.values_list("dossier", flat=True)) == {lima.pk}


def test_all_three_promises_of_a_touch_are_opened_together(by, lima, call, ann, django_assert_num_queries):
    working_times([ann.pk])  # calendars are known from then on
    touch = call(contact=lima, direction="in", purpose=purpose("problem"))
    follow_up = NewFollowUp(due_at=AT + timedelta(days=1))
    # as a call with its follow-up · what waited for them · calendars, and whose is which · telling Ann: whom, the
    # notices, who may open it · the transaction
    with django_assert_num_queries(12 + 1 + 2 + 3 + 2):
        log(touch=touch, follow_up=follow_up, by=by, at=AT)
    assert Commitment.objects.count() == 3


# --- Passed on


def test_the_specialist_gets_it_by_name_and_whoever_answers_stays(owed, experts, ann, by):
    passed = pass_on(commitment=owed, to=experts, note=" Line 3 leaks. ", by=by, at=AT)
    assert passed.poc == experts
    assert resolve(dossier_id=owed.dossier_id, topic_id=owed.topic_id, at=AT).poc_id == ann.pk
    event = Event.objects.get(kind=Event.Kind.PASSED_ON)
    assert event.personal.values["reason"] == "Line 3 leaks."
    assert not Event.objects.filter(kind=Event.Kind.REASSIGNED).exists()


def test_both_are_told_and_whoever_acts_is_not(owed, experts, ann, by):
    pass_on(commitment=owed, to=experts, note="Line 3 leaks.", by=by, at=AT)
    assert (told("passed_on"), told("passed_on_told")) == (["Ivo Brun"], ["Ann Keller"])
    assert (line("passed_on").headline, line("passed_on").note) == (
        "Passed on to you: Solve for Beatriz Lima: problem", "Line 3 leaks.",
    )  # fmt: skip
    assert line("passed_on_told").headline == "With Bottling experts now: Solve for Beatriz Lima: problem"
    assert line("passed_on_told").url.endswith(f"/owed/{owed.pk}/")


def test_who_passes_on_their_own_is_not_told_of_it(owed, experts, ann):
    pass_on(commitment=owed, to=experts, by=Actor(ann.user), at=AT)
    assert (told("passed_on"), told("passed_on_told")) == (["Ivo Brun"], [])


def test_where_whoever_answers_is_away_their_cover_is_told(owed, experts, ann, by):
    AbsenceFactory(poc=ann, cover=PersonFactory(name="Bo"))
    pass_on(commitment=owed, to=experts, by=by, at=AT)
    assert told("passed_on_told") == ["Bo"]


def test_the_specialist_may_open_it_until_it_is_done_with(owed, by, lima):
    narrow(roles.SUPPORT, RoleScope.Sees.OWN)
    ivo = PersonFactory(user=UserFactory(role=roles.SUPPORT))

    def seen():
        return visible_homes(User.objects.get(pk=ivo.user_id))

    assert seen() == []
    passed = pass_on(commitment=owed, to=ivo, by=by, at=AT)
    assert seen() == [lima.account_id]
    hand_back(commitment=passed, resolution="New gasket.", by=Actor(ivo.user), at=AT)
    assert seen() == [lima.account_id]  # they may look whether the customer was told
    keep(commitment=passed, by=by, at=AT)
    assert seen() == []


def test_the_same_specialist_twice_is_once(owed, experts, by):
    for at in (AT, AT + HOUR):
        pass_on(commitment=owed, to=experts, by=by, at=at)
    assert Event.objects.filter(kind=Event.Kind.PASSED_ON).count() == 1
    assert told("passed_on") == ["Ivo Brun"]


def test_one_specialist_passes_it_on_to_the_next(owed, experts, by):
    other = PersonFactory(name="Olga")
    pass_on(commitment=owed, to=experts, by=by, at=AT)
    passed = pass_on(commitment=owed, to=other, note="Electrics.", by=by, at=AT + HOUR)
    assert passed.poc == other
    assert told("passed_on") == ["Ivo Brun", "Olga"]
    assert passing.passings([passed])[passed.pk].note == "Electrics."


@pytest.mark.parametrize("close", [keep, cancel])
def test_what_is_done_with_is_neither_passed_on_nor_handed_back(owed, experts, by, close):
    close(commitment=owed, by=by, at=AT)
    with pytest.raises(ClosedAlready):
        pass_on(commitment=owed, to=experts, by=by, at=AT)
    with pytest.raises(ClosedAlready):
        hand_back(commitment=owed, resolution="Done", by=by, at=AT)


def test_what_cannot_be_passed_on_is_refused(touch, owed, experts, ann, by):
    for commitment, to, refusal, field in (
        (touch.answer, experts, NothingToSolve, ""),
        (owed, ann, AnswersAlready, "to"),
        (owed, PersonFactory(deactivated_at=AT), AnswersNoMore, "to"),
    ):
        with pytest.raises(refusal) as refused:
            pass_on(commitment=commitment, to=to, by=by, at=AT)
        assert refused.value.field == field
    assert not Event.objects.filter(kind=Event.Kind.PASSED_ON).exists()


# --- Handed back


def test_it_comes_back_solved_to_whoever_answers_who_is_told_how(owed, experts, ann, by):
    pass_on(commitment=owed, to=experts, by=by, at=AT)
    ivo = User.objects.get(name="Ivo Brun")
    back = hand_back(commitment=owed, resolution=" New gasket on line 3. ", by=Actor(ivo), at=AT + HOUR)
    assert (back.poc, back.is_closed) == (None, False)
    assert told("returned") == ["Ann Keller"]
    said = line("returned")
    assert (said.headline, said.note) == ("Solved: Solve for Beatriz Lima: problem", "New gasket on line 3.")
    assert said.lead.startswith("Bottling experts has solved it. Tell the customer and close it by ")
    assert Event.objects.get(kind=Event.Kind.RETURNED).personal.values["reason"] == "New gasket on line 3."


def test_handing_back_twice_is_once_and_says_how(owed, experts, by):
    pass_on(commitment=owed, to=experts, by=by, at=AT)
    with pytest.raises(ResolutionRequired) as refusal:
        hand_back(commitment=owed, resolution="  ", by=by, at=AT)
    assert refusal.value.field == "resolution"
    for at in (AT, AT + HOUR):
        hand_back(commitment=owed, resolution="Done", by=by, at=at)
    assert Event.objects.filter(kind=Event.Kind.RETURNED).count() == 1


def test_what_nobody_passed_on_is_not_handed_back(touch, owed, by):
    with pytest.raises(NotPassedOn):
        hand_back(commitment=owed, resolution="Done", by=by, at=AT)
    with pytest.raises(NothingToSolve):
        hand_back(commitment=touch.answer, resolution="Done", by=by, at=AT)


def test_both_ways_stand_in_the_timeline(owed, experts, by, lima):
    pass_on(commitment=owed, to=experts, note="Line 3 leaks.", by=by, at=AT + HOUR)
    hand_back(commitment=owed, resolution="New gasket.", by=by, at=AT + 2 * HOUR)
    entries = page(lima.pk, homes=None).entries
    assert [(e.title, e.note) for e in entries[:2]] == [
        ("Bottling experts has solved it: Solve for Beatriz Lima: problem", "New gasket."),
        ("Marta Ruiz passed it on to Bottling experts: Solve for Beatriz Lima: problem", "Line 3 leaks."),
    ]


# --- How it stands now


def test_how_it_stands_is_known_of_many_in_one_query(owed, experts, by, django_assert_num_queries):
    pass_on(commitment=owed, to=experts, note="Line 3 leaks.", by=by, at=AT)
    with django_assert_num_queries(1):
        (found,) = passing.passings([owed]).values()
    assert (found.by, found.note, found.is_back) == ("Marta Ruiz", "Line 3 leaks.", False)
    hand_back(commitment=owed, resolution="New gasket.", by=by, at=AT)
    (found,) = passing.passings([owed]).values()
    assert (found.by, found.note, found.is_back) == ("Bottling experts", "New gasket.", True)


def test_given_away_otherwise_it_is_no_longer_passed_on(owed, experts, by):
    pass_on(commitment=owed, to=experts, by=by, at=AT)
    reassign(commitment=owed, poc=PersonFactory(), by=by, at=AT + HOUR)
    owed.refresh_from_db()
    assert passing.passings([owed]) == {}


def test_where_nothing_is_to_be_solved_nothing_is_asked(django_assert_num_queries, db):
    follow_up = CommitmentFactory()
    with django_assert_num_queries(0):
        assert passing.passings([follow_up]) == {}


def test_the_specialists_day_says_what_was_passed_on_and_by_whom(owed, experts, ann, by):
    pass_on(commitment=owed, to=experts, note="Line 3 leaks.", by=by, at=AT)
    ivo = User.objects.get(name="Ivo Brun")
    day = my_day.of(ivo, at=AT)
    assert [(c, c.passing.by) for c in day.passed] == [(owed, "Marta Ruiz")]
    assert not day.is_clear
    assert owed not in my_day.of(ann.user, at=AT).answers
    hand_back(commitment=owed, resolution="New gasket.", by=Actor(ivo), at=AT)
    assert my_day.of(ivo, at=AT).passed == []
    (back,) = [c for c in my_day.of(ann.user, at=AT).answers if c.kind == Kind.RESOLUTION]
    assert (back.passing.by, back.passing.is_back) == ("Bottling experts", True)


def test_a_member_of_the_team_reads_who_passed_it_on_and_to_which_team(owed, experts, by):
    pass_on(commitment=owed, to=experts, note="Line 3 leaks.", by=by, at=AT)
    assert line("passed_on").why == "You get this because Marta Ruiz passed it on to your team: Bottling experts."


# --- From the touch itself


def test_what_a_touch_asks_for_is_passed_on_from_the_touch(touch, owed, experts, by):
    assert passing.pass_on_touch(interaction=touch.interaction, to=experts, by=by, at=AT).pk == owed.pk


def test_where_nothing_was_to_be_solved_that_is_opened_once(by, lima, call, experts):
    asked = log(touch=call(contact=lima, direction="in", purpose=purpose("inquiry")), by=by, at=AT).interaction
    first = passing.pass_on_touch(interaction=asked, to=experts, by=by, at=AT)
    again = passing.pass_on_touch(interaction=asked, to=PersonFactory(), by=by, at=AT + HOUR)
    assert (first.kind, first.pk) == (Kind.RESOLUTION, again.pk)
    assert [c.kind for c in passing.opened_by(asked)] == [Kind.FIRST_ANSWER, Kind.RESOLUTION]


# --- Pages


def test_it_is_passed_on_and_handed_back_on_its_own_page(as_marta, owed, experts):
    shown = as_marta.get(f"/owed/{owed.pk}/").content.decode()
    assert "Pass on to a specialist" in shown
    assert "Hand back" not in shown
    done = as_marta.post(f"/owed/{owed.pk}/pass-on/", {"to": experts.pk, "note": "Line 3", "next": f"/owed/{owed.pk}/"})
    assert done["Location"] == f"/owed/{owed.pk}/"
    shown = as_marta.get(f"/owed/{owed.pk}/").content.decode()
    assert "Passed on by Marta Ruiz" in shown
    assert "Line 3" in shown
    blank = as_marta.post(f"/owed/{owed.pk}/hand-back/", {"resolution": " "})
    assert (blank.status_code, 'id="id_resolution_error"' in blank.content.decode()) == (422, True)
    as_marta.post(f"/owed/{owed.pk}/hand-back/", {"resolution": "New gasket."})
    assert "Solved by Bottling experts" in as_marta.get(f"/owed/{owed.pk}/").content.decode()


@pytest.mark.parametrize(
    ("act", "fields", "said"),
    [
        ("pass-on", {"to": ""}, "This field is required."),
        ("pass-on", {"to": "ann"}, "They answer for it already."),
        ("hand-back", {"resolution": "Done"}, "It was not passed on"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field(as_marta, owed, ann, act, fields, said):
    values = {name: ann.pk if value == "ann" else value for name, value in fields.items()}
    response = as_marta.post(f"/owed/{owed.pk}/{act}/", values)
    assert (response.status_code, said in response.content.decode()) == (422, True)


def test_the_record_shows_who_has_it_and_the_way_to_pass_it_on(as_marta, owed, experts, by, lima):
    assert f"/owed/{owed.pk}/#pass-on" in as_marta.get(f"/contacts/{lima.pk}/").content.decode()
    pass_on(commitment=owed, to=experts, note="Line 3 leaks.", by=by, at=AT)
    html = as_marta.get(f"/contacts/{lima.pk}/").content.decode()
    for said in ("Bottling experts", "passed on by Marta Ruiz", "Line 3 leaks.", f"/owed/{owed.pk}/#hand-back"):
        assert said in html


def test_a_touch_shows_what_is_owed_for_it_and_passes_it_on(as_marta, touch, owed, experts):
    url = f"/interactions/{touch.interaction.pk}/"
    assert "Solve for Beatriz Lima: problem" in as_marta.get(url).content.decode()
    assert as_marta.post(f"{url}pass-on/", {"to": ""}).status_code == 422
    done = as_marta.post(f"{url}pass-on/", {"to": experts.pk, "note": ""})
    assert done["Location"] == f"/owed/{owed.pk}/"


def test_who_may_change_nothing_or_see_nothing_passes_nothing_on(client, owed, touch, experts):
    narrow(roles.SUPPORT, RoleScope.Sees.OWN)
    for role, number in ((roles.READ_ONLY, 403), (roles.SUPPORT, 404)):
        client.force_login(PersonFactory(user=UserFactory(role=role)).user)
        for url in (f"/owed/{owed.pk}/pass-on/", f"/owed/{owed.pk}/hand-back/"):
            assert client.post(url, {"to": experts.pk}).status_code == number
        url = f"/interactions/{touch.interaction.pk}/pass-on/"
        assert client.post(url, {"to": experts.pk}).status_code == number
    assert not Event.objects.filter(kind=Event.Kind.PASSED_ON).exists()


def test_who_logged_a_touch_elsewhere_reads_it_and_passes_nothing_on(client, experts):
    narrow(roles.SALES_REP, RoleScope.Sees.OWN)
    rep = UserFactory(role=roles.SALES_REP)
    logged = InteractionFactory(logged_by=rep)
    client.force_login(rep)
    assert client.get(f"/interactions/{logged.pk}/").status_code == 200
    assert client.post(f"/interactions/{logged.pk}/pass-on/", {"to": experts.pk}).status_code == 404
    assert Interaction.objects.count() == 1


# --- The API


def test_the_api_passes_on_and_hands_back(api, owed, experts, touch, ann):
    user = ask_as(api)
    url = f"/api/v1/owed/{owed.pk}/"
    shown = api.post(f"{url}pass-on/", {"to": experts.pk, "note": "Line 3"}, format="json").json()
    assert (shown["given_to"]["name"], shown["passed_on"]["by"], shown["passed_on"]["is_back"]) == (
        "Bottling experts", user.name, False,
    )  # fmt: skip
    back = api.post(f"{url}hand-back/", {"resolution": "New gasket."}, format="json").json()
    assert (back["given_to"], back["passed_on"]["note"], back["passed_on"]["is_back"]) == (None, "New gasket.", True)
    assert api.post(f"{url}hand-back/", {"resolution": "Again"}, format="json").status_code == 200
    assert api.get(f"/api/v1/owed/{touch.answer.pk}/").json()["passed_on"] is None


@pytest.mark.parametrize(
    ("act", "body", "expected"),
    [
        ("pass-on", {}, (400, "bad_values", [("to", "required")])),
        ("pass-on", {"to": 4711}, (400, "bad_values", [("to", "unknown")])),
        ("pass-on", {"to": "ann"}, (409, "answers_already", [("to", "answers_already")])),
        ("hand-back", {"resolution": "x"}, (409, "not_passed_on", [("", "not_passed_on")])),
    ],
)
def test_the_api_names_the_field_that_is_wrong(api, owed, ann, act, body, expected):
    ask_as(api)
    values = {name: ann.pk if value == "ann" else value for name, value in body.items()}
    assert problem(api.post(f"/api/v1/owed/{owed.pk}/{act}/", values, format="json")) == expected


def test_the_list_of_what_is_owed_costs_the_same_however_much_was_passed_on(
    api, by, lima, call, experts, django_assert_max_num_queries
):
    ask_as(api)
    for _n in range(6):
        owed = log(touch=call(contact=lima, direction="in", purpose=purpose("problem")), by=by, at=AT).resolution
        pass_on(commitment=owed, to=experts, by=by, at=AT)
    # rights, clock, what is owed, who answers (three), how it was passed on, how it came about (two)
    with django_assert_max_num_queries(9):
        assert len(api.get("/api/v1/owed/").json()["results"]) == 12


def test_the_form_offers_it_and_says_when_it_settles(as_marta, owed, lima):
    html = as_marta.get(f"/log/?record={lima.pk}").content.decode()
    assert "Settles, if resolved:" in html
    assert outcome("resolved").is_final
