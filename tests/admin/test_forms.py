"""Saving in the administration goes through the apps' actions: events, refusals, guarded fields."""

from datetime import time, timedelta

import pytest
from django.core import mail
from django.urls import reverse

from accounts.models import Account
from contacts.models import Contact
from crm.core.actor import Source
from crm.dossiers.models import Event, Firm, Outcome, Topic
from crm.poc.calendars import working_times
from crm.poc.models import Absence, Assignment, Membership, PointOfContact, WorkingCalendar
from crm.users import roles
from crm.users.models import Role, RoleScope, User
from interactions.models import Interaction, TouchPoint
from projects.models import Project
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.contacts import ContactFactory, role
from tests.factories.dossiers import channel, tier, topic
from tests.factories.interactions import InteractionFactory
from tests.factories.poc import (
    AbsenceFactory,
    AssignmentFactory,
    CalendarFactory,
    MembershipFactory,
    PersonFactory,
    TeamFactory,
    front_desk,
)
from tests.factories.projects import ProjectFactory
from tests.factories.users import UserFactory

from .conftest import signed_in

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
ACCOUNT = {"name": "Rio", "kind": "prospect"}


def url(model, page, *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def errors(response):
    assert response.status_code == 200
    assert "admin/change_form" in str([t.name for t in response.templates])
    return response.context["adminform"].form.errors


# --- Accounts


def test_an_account_is_opened_by_the_action_and_the_event_says_through_which_door(as_manager, manager):
    parent = AccountFactory()
    sent = ACCOUNT | {"parent": parent.pk, "tier": tier("b").pk, "country": "PT", "website": "rio.example"}
    response = as_manager.post(url(Account, "add"), sent)
    account = Account.objects.get(dossier__title="Rio")
    assert response.status_code == 302
    assert (account.dossier.parent_id, account.dossier.tier.code, account.country.code) == (parent.pk, "b", "PT")
    event = Event.objects.get(kind=Event.Kind.CREATED)
    assert (event.actor, event.source, event.home_id) == (manager, Source.ADMIN, account.pk)


def test_saving_records_old_and_new_and_history_shows_them(as_manager):
    account = AccountFactory(name="Rio")
    response = as_manager.post(url(Account, "change", account.pk), ACCOUNT | {"name": "Rio Ltd", "kind": "customer"})
    assert response.status_code == 302
    shown = as_manager.get(url(Account, "history", account.pk)).content.decode()
    assert "Name: Rio → Rio Ltd" in shown
    assert "Kind: prospect → customer" in shown
    assert "Ann Keller" in shown


def test_saving_without_a_change_records_nothing(as_manager):
    account = AccountFactory(name="Rio")
    as_manager.post(url(Account, "change", account.pk), ACCOUNT)
    assert not Event.objects.exists()


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"kind": "enemy"}, "kind"),
        ({"zone": "Mars/Olympus"}, "zone"),
        ({"renewal_on": "soon"}, "renewal_on"),
        ({"parent": "999999999999999999999"}, "parent"),
        ({"tier": "x"}, "tier"),
    ],
)
def test_bad_input_is_said_beside_its_field_and_nothing_is_written(as_manager, values, field):
    response = as_manager.post(url(Account, "add"), ACCOUNT | values)
    assert field in errors(response)
    assert not Account.objects.exists()


def test_what_the_action_refuses_becomes_an_error_of_the_form(as_manager):
    top = AccountFactory(name="Rio")
    below = AccountFactory(parent=top)
    response = as_manager.post(url(Account, "change", top.pk), ACCOUNT | {"parent": below.pk, "kind": "customer"})
    assert errors(response)["parent"] == ["It cannot belong to itself, nor to something that belongs to it."]
    top.refresh_from_db()
    assert (top.kind, top.dossier.parent) == ("prospect", None)
    assert not Event.objects.exists()


def test_what_an_action_guards_is_no_field(as_manager):
    account = AccountFactory(name="Rio", source="crm_sales", external_id="7")
    sent = ACCOUNT | {"dossier": 999, "home": 999, "title_key": "x", "external_id": "8", "last_touch_at": "2020-01-01"}
    as_manager.post(url(Account, "change", account.pk), sent)
    account.refresh_from_db()
    assert (account.external_id, account.last_touch_at, account.dossier.title_key) == ("7", None, "rio")


def test_an_account_shows_who_answers_and_why_and_what_belongs_to_it(as_manager):
    account = AccountFactory()
    away = AbsenceFactory(cover=PersonFactory(name="Cy"))
    AssignmentFactory(dossier=account.dossier, poc=away.poc)
    ProjectFactory(account=account, name="Bottling line 3")
    ContactFactory(account=account, name="Beatriz Lima")
    text = as_manager.get(url(Account, "change", account.pk)).content.decode()
    for shown in ("Cy", f"{away.poc.name} is away until", "Bottling line 3", "Beatriz Lima", "Nothing is owed."):
        assert shown in text


@pytest.mark.parametrize("many", [1, 9])
def test_an_account_costs_the_same_however_much_belongs_to_it(as_manager, django_assert_num_queries, many):
    account = AccountFactory()
    for _n in range(many):
        ProjectFactory(account=account)
        ContactFactory(account=account)
        AssignmentFactory(dossier=account.dossier, topic=Topic.objects.create(code=f"t{_n}", name=f"T {_n}"))
    as_manager.get(url(Account, "change", account.pk))
    with django_assert_num_queries(28, exact=False):
        as_manager.get(url(Account, "change", account.pk))


# --- Contacts, projects, touch points


def test_a_contact_keeps_addresses_numbers_and_roles(as_manager):
    sent = {
        "name": "Beatriz Lima", "account": AccountFactory(country="PT").pk, "emails": "b@rio.example\nc@rio.example",
        "phones": "21 123 4567", "roles": [role().pk, role("billing").pk],
    }  # fmt: skip
    assert as_manager.post(url(Contact, "add"), sent).status_code == 302
    contact = Contact.objects.get()
    assert [e.address for e in contact.emails.all()] == ["b@rio.example", "c@rio.example"]
    assert contact.phones.get().e164 == "+351211234567"
    assert contact.roles.count() == 2


@pytest.mark.parametrize(("field", "value"), [("emails", "nobody"), ("phones", "12"), ("phones", "1" * 61)])
def test_a_contacts_bad_address_is_said_beside_it(as_manager, field, value):
    response = as_manager.post(url(Contact, "add"), {"name": "Beatriz", field: value})
    assert field in errors(response)
    assert not Contact.objects.exists()


@pytest.mark.parametrize("term", ["rui", "RUI@rio", "351 21 123", "(21) 123-45"])
def test_a_contact_is_found_by_name_address_and_digits(as_manager, term):
    ContactFactory(name="Rui Tavares", emails=["rui@rio.example"], phones=["+351 21 123 4567"])
    ContactFactory(name="Somebody else", emails=["x@rio.example"])
    found = as_manager.get(url(Contact, "changelist"), {"q": term}).context["cl"].result_list
    assert [contact.name for contact in found] == ["Rui Tavares"]


def test_a_project_needs_an_account_and_possible_dates(as_manager):
    sent = {"name": "Cold store", "phase": "planned", "starts_on": "2026-03-04", "ends_on": "2026-03-03"}
    assert "account" in errors(as_manager.post(url(Project, "add"), sent))
    sent["account"] = AccountFactory().pk
    assert "ends_on" in errors(as_manager.post(url(Project, "add"), sent))
    assert as_manager.post(url(Project, "add"), sent | {"ends_on": "2026-03-05"}).status_code == 302
    assert Project.objects.get().dossier.home_id == sent["account"]


def test_a_touch_point_is_opened_and_changed(as_manager):
    sent = {"name": "Hotline", "channel": channel().pk, "address": "+351 800"}
    assert as_manager.post(url(TouchPoint, "add"), sent).status_code == 302
    door = TouchPoint.objects.get(dossier__title="Hotline")
    as_manager.post(url(TouchPoint, "change", door.pk), sent | {"name": "Hotline PT", "address": "+351 801"})
    door = TouchPoint.objects.for_list().get(pk=door.pk)
    assert (door.name, door.address) == ("Hotline PT", "+351 801")
    assert Event.objects.filter(kind=Event.Kind.CHANGED).count() == 2


def test_an_interaction_shows_who_answered_then_and_why(as_manager):
    said = InteractionFactory(account=AccountFactory(name="Rio"), poc=PersonFactory(name="Bo"))
    text = as_manager.get(url(Interaction, "change", said.pk)).content.decode()
    assert "On Rio for general: Bo" in text


# --- Who answers


def test_an_assignment_is_added_by_the_action_and_never_edited(as_manager):
    dossier, poc = AccountFactory().dossier, PersonFactory()
    sent = {"dossier": dossier.pk, "topic": topic().pk, "rank": "0", "poc": poc.pk}
    assert as_manager.post(url(Assignment, "add"), sent).status_code == 302
    made = Assignment.objects.get()
    assert (made.starts_at, made.poc) == (AT, poc)
    assert as_manager.post(url(Assignment, "change", made.pk), sent).status_code == 403
    assert "poc" in errors(as_manager.post(url(Assignment, "add"), sent | {"poc": "9" * 30}))
    again = as_manager.post(url(Assignment, "add"), sent | {"poc": PersonFactory().pk})
    assert errors(again)["reason"] == ["Say why: somebody is replaced."]


def test_an_assignment_is_ended_with_a_reason(as_manager):
    held = AssignmentFactory(dossier=AccountFactory().dossier)
    page = url(Assignment, "end", held.pk)
    assert as_manager.get(page).status_code == 200
    assert as_manager.post(page, {"reason": " "}).status_code == 422
    open_still = as_manager.post(page, {"reason": "Account closed"})
    assert "Nobody would be named here any more." in open_still.content.decode()
    assert as_manager.post(page, {"reason": "Account closed", "leave_open": "on"}).status_code == 302
    held.refresh_from_db()
    assert held.ends_at == AT
    assert as_manager.get(page).status_code == 404


def test_whoever_follows_is_named_in_the_same_act(as_manager):
    held, bo = AssignmentFactory(dossier=AccountFactory().dossier), PersonFactory()
    as_manager.post(url(Assignment, "end", held.pk), {"reason": "Moves on", "successor": bo.pk})
    assert Assignment.objects.at(AT).get().poc == bo


def test_an_absence_is_entered_and_ended(as_manager):
    poc, cover = PersonFactory.create_batch(2)
    sent = {"poc": poc.pk, "cover": cover.pk, "starts_at": "2026-03-04T12:00", "ends_at": "2026-03-10T18:00"}
    assert as_manager.post(url(Absence, "add"), sent).status_code == 302
    absence = Absence.objects.get()
    assert absence.starts_at == AT
    assert "starts_at" in errors(as_manager.post(url(Absence, "add"), sent))
    as_manager.post(url(Absence, "changelist"), {"action": "end_now", "_selected_action": [absence.pk]})
    absence.refresh_from_db()
    assert absence.ends_at == AT


@pytest.mark.parametrize(
    ("values", "field"), [({"ends_at": "2026-03-01T00:00"}, "ends_at"), ({"cover": "{poc}"}, "cover")]
)
def test_an_impossible_absence_is_said_beside_its_field(as_manager, values, field):
    poc = PersonFactory()
    sent = {"poc": poc.pk, "starts_at": "2026-03-04T12:00", "ends_at": "2026-03-10T18:00"}
    sent |= {name: value.format(poc=poc.pk) for name, value in values.items()}
    assert field in errors(as_manager.post(url(Absence, "add"), sent))


# --- People and teams


def members(*rows, initial=0):
    """What the inline of members sends: (membership or None, member, deleted)."""
    sent = {"memberships-TOTAL_FORMS": len(rows), "memberships-INITIAL_FORMS": initial}
    for n, (membership, member, deleted) in enumerate(rows):
        sent |= {f"memberships-{n}-id": membership.pk if membership else "", f"memberships-{n}-member": member.pk}
        sent |= {f"memberships-{n}-DELETE": "on"} if deleted else {}
    return sent


def test_a_person_is_opened_and_is_a_member_of_the_home_team(as_manager):
    team = TeamFactory()
    sent = {"kind": "person", "name": "Bo", "email": "bo@firm.example", "home_team": team.pk, "delivery": "on_duty"}
    assert as_manager.post(url(PointOfContact, "add"), sent).status_code == 302
    assert Membership.objects.get().member.name == "Bo"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": " "}, "name"),
        ({"kind": "team", "home_team": "{team}"}, "home_team"),
        ({"lead": "{person}"}, "lead"),
        ({"kind": "team", "user": "{user}"}, "user"),
        ({"delivery": "mailbox", "email": ""}, "email"),
        ({"user": "{taken}"}, "user"),
    ],
)
def test_a_poc_that_cannot_be_is_refused_beside_its_field(as_manager, manager, values, field):
    ids = {"team": TeamFactory().pk, "person": PersonFactory().pk, "user": UserFactory().pk, "taken": manager.pk}
    sent = {"kind": "person", "name": "Bo", "email": "bo@firm.example", "delivery": "on_duty"}
    sent |= {name: value.format(**ids) for name, value in values.items()}
    response = signed_in(UserFactory(superuser=True)).post(url(PointOfContact, "add"), sent)
    assert field in errors(response)


def test_members_come_and_go_by_the_actions(as_manager):
    team = TeamFactory(name="AR", members=[])
    old, bo = MembershipFactory(team=team), PersonFactory(name="Bo")
    sent = {"name": "AR", "delivery": "on_duty"} | members((old, old.member, True), (None, bo, False), initial=1)
    assert as_manager.post(url(PointOfContact, "change", team.pk), sent).status_code == 302
    assert [m.member for m in team.memberships.all()] == [bo]
    assert Event.objects.filter(facts__poc=team.pk).count() == 2


def test_a_team_in_a_team_is_refused_beside_the_row(as_manager):
    team = TeamFactory(name="AR")
    sent = {"name": "AR", "delivery": "on_duty"} | members((None, TeamFactory(), False))
    response = as_manager.post(url(PointOfContact, "change", team.pk), sent)
    assert response.status_code == 200
    assert "Only a person can be in a team" in response.content.decode()
    assert not team.memberships.exists()


def test_somebody_leaves_where_one_says_who_follows(as_manager):
    ann = PersonFactory()
    page = url(PointOfContact, "leave", ann.pk)
    assert page in as_manager.get(url(PointOfContact, "change", ann.pk)).content.decode()
    assert as_manager.get(page)["Location"] == f"/pocs/{ann.pk}/leave/"


def test_when_somebody_left_is_read_and_never_typed(as_manager):
    ann = PersonFactory()
    sent = {"name": ann.name, "email": ann.email, "delivery": "on_duty", "deactivated_at": "2026-03-04"}
    as_manager.post(url(PointOfContact, "change", ann.pk), sent)
    ann.refresh_from_db()
    assert ann.deactivated_at is None


def test_the_front_desk_is_not_offered_to_leave_and_others_may_come_back(as_manager):
    assert as_manager.get(url(PointOfContact, "leave", front_desk().pk)).status_code == 404
    gone = PersonFactory(deactivated_at=AT - DAY)
    assert as_manager.get(url(PointOfContact, "leave", gone.pk)).status_code == 404
    assert as_manager.get(url(PointOfContact, "stay", gone.pk))["Location"] == f"/pocs/{gone.pk}/leave/"
    chosen = {"action": "answer_again", "_selected_action": [gone.pk]}
    as_manager.post(url(PointOfContact, "changelist") + "?state=gone", chosen)
    gone.refresh_from_db()
    assert gone.deactivated_at is None


def test_the_last_one_in_a_team_is_not_taken_out_and_may_be_replaced(as_manager):
    team = TeamFactory(name="AR", members=[])
    last, bo = MembershipFactory(team=team), PersonFactory(name="Bo")
    sent = {"name": "AR", "delivery": "on_duty"}
    refused = as_manager.post(
        url(PointOfContact, "change", team.pk), sent | members((last, last.member, True), initial=1)
    )
    assert f"{last.member.name} is the last one in this team." in refused.content.decode()
    assert [m.member for m in team.memberships.all()] == [last.member]
    replaced = members((last, last.member, True), (None, bo, False), initial=1)
    assert as_manager.post(url(PointOfContact, "change", team.pk), sent | replaced).status_code == 302
    assert [m.member for m in team.memberships.all()] == [bo]


def test_only_those_who_answer_are_found_by_typing(as_manager):
    PersonFactory(name="Zoe Gone", deactivated_at=AT)
    here = PersonFactory(name="Zoe Here")
    query = {"app_label": "poc", "model_name": "assignment", "field_name": "poc", "term": "zoe"}
    found = as_manager.get(reverse("admin:autocomplete"), query).json()
    assert [row["text"] for row in found["results"]] == [here.name]


# --- Calendars, words, the firm


def hours(calendar, *rows, days=()):
    """What the calendar's form sends, with all its hours new."""
    sent = {"name": calendar.name, "zone": "UTC", "hours-TOTAL_FORMS": len(rows), "hours-INITIAL_FORMS": 0}
    sent |= {"exceptions-TOTAL_FORMS": len(days), "exceptions-INITIAL_FORMS": 0}
    for n, (weekday, starts, ends) in enumerate(rows):
        sent |= {f"hours-{n}-weekday": weekday, f"hours-{n}-starts": starts, f"hours-{n}-ends": ends}
    for n, (day, starts, ends) in enumerate(days):
        sent |= {f"exceptions-{n}-day": day, f"exceptions-{n}-starts": starts, f"exceptions-{n}-ends": ends}
    return sent


def test_changed_hours_count_at_once_and_are_recorded(as_administrator):
    calendar = CalendarFactory()
    poc = PersonFactory(calendar=calendar)
    assert not working_times([poc.pk])[poc.pk].is_open(AT)
    sent = hours(calendar, (2, "09:00", "18:00"), days=[("2026-03-05", "", "")])
    assert as_administrator.post(url(WorkingCalendar, "change", calendar.pk), sent).status_code == 302
    assert working_times([poc.pk])[poc.pk].is_open(AT)
    assert not working_times([poc.pk])[poc.pk].is_open(AT + DAY)
    event = Event.objects.get()
    assert event.facts["changes"]["calendarhours"] == ["", "Wednesday 09:00–18:00"]
    assert "09:00–18:00" in as_administrator.get(url(WorkingCalendar, "history", calendar.pk)).content.decode()


@pytest.mark.parametrize(
    ("rows", "days"),
    [
        ([(2, "18:00", "09:00")], []),
        ([(2, "09:00", "12:00"), (2, "09:00", "13:00")], []),
        ([(9, "09:00", "12:00")], []),
        ([], [("2026-03-05", "", ""), ("2026-03-05", "", "")]),
        ([], [("2026-03-05", "09:00", "")]),
        ([], [("2026-03-05", "09:00", "10:00"), ("2026-03-05", "", "")]),
    ],
)
def test_impossible_hours_are_refused_and_nothing_is_written(as_administrator, rows, days):
    calendar = CalendarFactory()
    response = as_administrator.post(url(WorkingCalendar, "change", calendar.pk), hours(calendar, *rows, days=days))
    assert response.status_code == 200
    assert not calendar.hours.exists()
    assert not calendar.exceptions.exists()
    assert not Event.objects.exists()


def test_a_word_gets_a_code_and_is_retired_instead_of_deleted(as_administrator):
    assert as_administrator.post(url(Topic, "add"), {"name": "Сервис и ремонт", "position": 7}).status_code == 302
    word = Topic.objects.get(name="Сервис и ремонт")
    assert word.code
    as_administrator.post(url(Topic, "change", word.pk), {"name": word.name, "position": 7, "retired": "on"})
    word.refresh_from_db()
    assert word.retired_at == AT
    assert word.code == Topic.objects.get(pk=word.pk).code
    changed = Event.objects.get(kind=Event.Kind.CHANGED)
    assert changed.facts == {"kind": "topic", "topic": word.pk, "changes": {"retired": ["False", "True"]}}


@pytest.mark.parametrize("name", ["", " ", "general", "x" * 61])
def test_a_word_needs_a_name_of_its_own(as_administrator, name):
    assert "name" in errors(as_administrator.post(url(Topic, "add"), {"name": name, "position": 7}))


def test_the_last_topic_stays(as_administrator):
    general = topic()
    sent = {"name": "General", "position": 1, "retired": "on"}
    assert "retired" in errors(as_administrator.post(url(Topic, "change", general.pk), sent))


def test_an_outcome_that_contradicts_itself_is_refused(as_administrator):
    sent = {"name": "Both", "position": 1, "channels": [channel().pk], "keeps_promise": "on", "asks_retry": "on"}
    assert errors(as_administrator.post(url(Outcome, "add"), sent))
    assert not Outcome.objects.filter(name="Both").exists()


def test_the_firm_is_changed_and_remembered(as_administrator):
    sent = {"name": "Liaison & Sons", "country": "PT", "zone": "Europe/Lisbon", "language": "es"}
    assert as_administrator.post(url(Firm, "change", 1), sent).status_code == 302
    assert Firm.objects.get().zone == "Europe/Lisbon"
    assert "Liaison &amp; Sons" in as_administrator.get(url(Firm, "history", 1)).content.decode()
    assert "zone" in errors(as_administrator.post(url(Firm, "change", 1), sent | {"zone": "Mars"}))


# --- People who sign in


def user_form(user, **values):
    groups = [group.pk for group in user.groups.all()]
    return {"name": user.name, "email": user.email, "groups": groups, "is_active": "on"} | values


def test_somebody_new_answers_too_and_gets_a_link(as_administrator):
    sent = {"name": "Bo Berg", "email": "Bo@firm.example", "role": roles.PROJECT_MANAGER}
    assert as_administrator.post(url(User, "add"), sent).status_code == 302
    user = User.objects.get(email="bo@firm.example")
    assert [group.name for group in user.groups.all()] == [roles.PROJECT_MANAGER]
    assert (user.poc.name, user.is_staff) == ("Bo Berg", False)
    assert [m.to for m in mail.outbox] == [["bo@firm.example"]]
    assert "email" in errors(as_administrator.post(url(User, "add"), sent))


def test_roles_decide_who_opens_the_administration(as_administrator):
    user = UserFactory(role=roles.SALES_REP)
    manager = UserFactory(account_manager=True).groups.get()
    as_administrator.post(url(User, "change", user.pk), user_form(user, groups=[manager.pk]))
    user.refresh_from_db()
    assert user.is_staff
    changed = Event.objects.get(facts__kind="user")
    assert changed.facts["changes"]["groups"] == [roles.SALES_REP, roles.ACCOUNT_MANAGER]


def test_somebody_signs_in_no_longer_and_again_and_their_history_stays(as_administrator):
    user = UserFactory(name="Bo")
    AssignmentFactory(decided_by=user)
    client = signed_in(user)
    assert as_administrator.post(url(User, "leave", user.pk), {"_": "1"}).status_code == 302
    assert not User.objects.get(pk=user.pk).is_active
    assert client.get("/").status_code == 302
    assert Assignment.objects.get().decided_by == user
    as_administrator.post(url(User, "return", user.pk), {"_": "1"})
    assert User.objects.get(pk=user.pk).is_active


def test_whoever_still_answers_leaves_where_one_says_who_follows(as_administrator):
    poc = PersonFactory(signs_in=True, name="Bo")
    assert as_administrator.get(url(User, "leave", poc.user_id))["Location"] == f"/pocs/{poc.pk}/leave/"


def test_whether_somebody_signs_in_is_read_and_never_ticked(as_administrator):
    user = UserFactory()
    as_administrator.post(url(User, "change", user.pk), user_form(user, is_active=""))
    assert User.objects.get(pk=user.pk).is_active


def test_one_administrator_remains(as_administrator, administrator):
    PointOfContact.objects.filter(user=administrator).update(deactivated_at=AT)
    response = as_administrator.post(url(User, "leave", administrator.pk), {"_": "1"})
    assert "Somebody who is active must remain an administrator." in response.content.decode()
    assert User.objects.get(pk=administrator.pk).is_active


def test_names_and_addresses_are_recorded_apart(as_administrator):
    user = UserFactory(name="Bo")
    as_administrator.post(url(User, "change", user.pk), user_form(user, name="Bo Berg"))
    event = Event.objects.get(facts__kind="user")
    assert event.facts["changes"] == {"name": ["", ""]}
    assert event.personal.values["changes"] == {"name": ["Bo", "Bo Berg"]}


def test_a_forgotten_password_is_a_link_away(as_administrator):
    user = UserFactory()
    as_administrator.post(url(User, "changelist"), {"action": "invite_again", "_selected_action": [user.pk]})
    assert [m.to for m in mail.outbox] == [[user.email]]


def test_a_role_may_be_narrowed_and_given_less(as_administrator):
    rep = Role.objects.get(name=roles.SALES_REP)
    keep = rep.permissions.get(codename="view_account")
    sent = {"sees": RoleScope.Sees.OWN, "permissions": [keep.pk]}
    assert as_administrator.post(url(Role, "change", rep.pk), sent).status_code == 302
    assert rep.scope.sees == RoleScope.Sees.OWN
    assert list(rep.permissions.all()) == [keep]
    assert Event.objects.get().facts["changes"]["sees"] == ["all", "own"]


def test_account_managers_change_nobody_who_signs_in(as_manager):
    assert as_manager.get(url(User, "changelist")).status_code == 403
    assert as_manager.get(url(Firm, "change", 1)).status_code == 403


def test_times_are_entered_and_shown_in_the_readers_zone(as_manager, manager):
    User.objects.filter(pk=manager.pk).update(time_zone="Asia/Tokyo")
    sent = {"poc": PersonFactory().pk, "starts_at": "2026-03-05T09:00", "ends_at": "2026-03-06T18:00"}
    as_manager.post(url(Absence, "add"), sent)
    assert Absence.objects.get().starts_at.time() == time(0)
