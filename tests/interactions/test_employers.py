"""A contact changes employer: history stays with the old home, the future moves."""

from datetime import timedelta

import pytest

from contacts.actions import change_contact
from contacts.models import Contact
from crm.commitments.models import Commitment
from crm.dossiers import timeline
from crm.dossiers.actions import Archived
from crm.poc.models import Grant
from crm.poc.resolve import resolve
from crm.poc.visibility import visible_homes
from crm.users.models import RoleScope, User
from interactions.actions import log
from interactions.employers import SameEmployer, change_employer
from interactions.models import Interaction
from projects.actions import change_project
from projects.models import Stakeholder
from tests.doors import ask_as, problem
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.commitments import CommitmentFactory
from tests.factories.contacts import role
from tests.factories.dossiers import topic
from tests.factories.interactions import FollowUpFactory
from tests.factories.poc import AssignmentFactory, GrantFactory, PersonFactory
from tests.factories.projects import ProjectFactory, StakeholderFactory
from tests.factories.users import UserFactory, actor, narrow

LATER = AT + timedelta(days=1)


@pytest.fixture
def new(db):
    return AccountFactory(name="Olive Mill")


def moved(contact, account, **values):
    return change_employer(contact=contact, account=account, **{"by": actor(), "at": LATER} | values)


def titles(record, homes=None):
    return [entry.title for entry in timeline.page(record.pk, homes=homes).entries]


def test_they_are_at_the_new_account_with_their_roles_there(lima, new):
    moved(lima, new, roles=[role("billing")], position="Controller")
    lima = Contact.objects.for_list().get(pk=lima.pk)
    assert (lima.account, lima.dossier.parent_id, lima.dossier.home_id) == (new, new.pk, new.pk)
    assert ([r.code for r in lima.roles.all()], lima.position) == (["billing"], "Controller")


def test_what_happened_stays_with_the_old_account(by, lima, new, call):
    old = lima.account
    logged = log(touch=call(contact=lima), by=by, at=AT).interaction
    moved(lima, new)
    logged.refresh_from_db()
    assert (logged.home_id, logged.account_id) == (old.pk, old.pk)
    assert "Marta Ruiz called Beatriz Lima" in titles(old)
    assert "Marta Ruiz called Beatriz Lima" not in titles(new)


def test_what_happens_from_then_on_is_at_home_with_the_new_one(by, lima, new, call):
    moved(lima, new)
    logged = log(touch=call(contact=Contact.objects.for_list().get(pk=lima.pk)), by=by, at=LATER).interaction
    assert (logged.home_id, logged.account_id) == (new.pk, new.pk)


def test_both_accounts_say_where_they_went(lima, new):
    old = lima.account
    moved(lima, new)
    for account in (old, new):
        assert "Beatriz Lima went from Cervejaria Atlântico to Olive Mill" in titles(account, homes=[account.pk])


def test_leaving_for_nowhere_and_coming_from_nowhere_are_said_too(lima, new):
    old = lima.account
    moved(lima, None)
    assert "Beatriz Lima is no longer at Cervejaria Atlântico" in titles(old)
    moved(lima, new)
    assert "Beatriz Lima is at Olive Mill now" in titles(new)


def test_what_is_owed_about_them_goes_with_them_and_whoever_was_told_may_open_it(lima, new):
    own = CommitmentFactory(dossier=lima.dossier)
    about = FollowUpFactory(commitment__dossier=lima.account.dossier, contact=lima).commitment
    grants = [GrantFactory(home=lima.account.dossier, cause=c.grant_cause) for c in (own, about)]
    moved(lima, new)
    places = Commitment.objects.filter(pk__in=[own.pk, about.pk]).values_list("dossier", "home")
    assert set(places) == {(lima.pk, new.pk)}
    assert set(Grant.objects.filter(pk__in=[g.pk for g in grants]).values_list("home", flat=True)) == {new.pk}


def test_or_it_stays_with_the_old_account_when_told_so(lima, new):
    own = CommitmentFactory(dossier=lima.dossier)
    about = FollowUpFactory(commitment__dossier=lima.account.dossier, contact=lima).commitment
    moved(lima, new, move_owed=False)
    places = Commitment.objects.filter(pk__in=[own.pk, about.pk]).values_list("dossier", "home")
    assert set(places) == {(lima.account_id, lima.account_id)}


def test_what_is_settled_and_what_is_owed_on_a_project_stays(lima, new):
    settled = CommitmentFactory(dossier=lima.dossier, kept=True)
    project = ProjectFactory(account=lima.account)
    on_project = FollowUpFactory(commitment__dossier=project.dossier, contact=lima).commitment
    moved(lima, new)
    settled.refresh_from_db()
    on_project.refresh_from_db()
    assert settled.home_id == lima.account_id
    assert (on_project.dossier_id, on_project.home_id) == (project.pk, lima.account_id)


@pytest.mark.parametrize(("end_parts", "left"), [(True, 1), (False, 2)])
def test_their_parts_in_the_old_projects_end_or_are_kept(lima, new, end_parts, left):
    project = ProjectFactory(account=lima.account)
    StakeholderFactory(project=project, contact=lima, role=role("technical"))
    StakeholderFactory(contact=lima)  # in somebody else's project
    moved(lima, new, end_parts=end_parts)
    assert Stakeholder.objects.filter(contact=lima).count() == left
    said = any("Beatriz Lima" in title for title in titles(project))
    assert said == end_parts


@pytest.mark.parametrize("until", [None, LATER + timedelta(days=30)])
def test_who_answers_for_them_by_name_goes_on_and_may_open_the_new_home(lima, new, until):
    held = AssignmentFactory(dossier=lima.dossier, ends_at=until)
    told = GrantFactory(home=lima.account.dossier, poc=held.poc, cause=f"a:{held.pk}:new", ended_at=until)
    moved(lima, new)
    told.refresh_from_db()
    assert resolve(dossier_id=lima.pk, topic_id=topic().pk, at=LATER).poc_id == held.poc_id
    assert told.home_id == new.pk


def test_whoever_sees_only_the_old_account_still_sees_what_was_and_not_what_comes(by, lima, new, call):
    narrow("sales_rep", RoleScope.Sees.OWN)
    user = UserFactory(role="sales_rep")
    AssignmentFactory(dossier=lima.account.dossier, poc=PersonFactory(user=user), topic=topic("billing"))
    before = log(touch=call(contact=lima), by=by, at=AT).interaction
    moved(lima, new)
    after = log(touch=call(contact=Contact.objects.for_list().get(pk=lima.pk)), by=by, at=LATER).interaction
    user = User.objects.get(pk=user.pk)
    assert set(Interaction.objects.visible_to(user)) == {before}
    assert not Contact.objects.visible_to(user).exists()
    assert "Marta Ruiz called Beatriz Lima" in titles(lima.account, homes=visible_homes(user))
    assert after.pk not in Interaction.objects.visible_to(user).values_list("pk", flat=True)


def test_the_same_account_and_an_archived_one_are_refused(lima):
    with pytest.raises(SameEmployer):
        moved(lima, lima.account)
    with pytest.raises(Archived) as refused:
        moved(lima, AccountFactory(archived_at=AT))
    assert refused.value.field == "account"


@pytest.mark.parametrize("n", [1, 8])
def test_it_costs_the_same_however_much_is_open(lima, new, django_assert_num_queries, n):
    for _n in range(n):
        CommitmentFactory(dossier=lima.dossier)
        FollowUpFactory(commitment__dossier=lima.account.dossier, contact=lima)
        StakeholderFactory(project=ProjectFactory(account=lima.account), contact=lima)
    by = actor()
    # the savepoint and its end (2) · the contact, what is owed, · the contact's change: row, record, places above (3),
    # names (3), event (3), their row, what is open there (3), roles · what is owed on the account: savepoint (2), rows,
    # moved, grants, events (3) · who answers, grants · parts (2) · events (3)
    with django_assert_num_queries(40):
        change_employer(contact=lima, account=new, by=by, at=LATER)


def test_an_edit_that_names_another_account_takes_what_is_owed_along(lima, new):
    owed = CommitmentFactory(dossier=lima.dossier)
    change_contact(contact=lima, name=lima.name, account=new, by=actor(), at=LATER)
    owed.refresh_from_db()
    assert owed.home_id == new.pk


def test_a_project_of_another_account_takes_what_is_owed_along(new):
    project = ProjectFactory()
    owed = CommitmentFactory(dossier=project.dossier)
    change_project(project=project, name=project.name, account=new, by=actor(), at=LATER)
    owed.refresh_from_db()
    assert owed.home_id == new.pk


# --- Doors


def test_the_page_asks_what_there_is_to_ask(as_marta, lima, new):
    assert "owed" not in as_marta.get(f"/contacts/{lima.pk}/employer/").context["form"].fields
    CommitmentFactory(dossier=lima.dossier)
    StakeholderFactory(project=ProjectFactory(account=lima.account), contact=lima)
    form = as_marta.get(f"/contacts/{lima.pk}/employer/").context["form"]
    assert {"owed", "end_parts"} <= set(form.fields)


def test_the_page_moves_them(as_marta, lima, new):
    owed = CommitmentFactory(dossier=lima.dossier)
    values = {"account": "Olive Mill", "roles": [role("billing").pk], "owed": "stay"}
    answer = as_marta.post(f"/contacts/{lima.pk}/employer/", values, follow=True)
    assert answer.redirect_chain[-1][0] == f"/contacts/{lima.pk}/"
    owed.refresh_from_db()
    assert owed.dossier_id == lima.account_id
    assert Contact.objects.get(pk=lima.pk).account == new


def test_the_page_says_what_is_wrong_beside_its_field(as_marta, lima):
    answer = as_marta.post(f"/contacts/{lima.pk}/employer/", {"account": "Nobody Ltd"})
    assert answer.status_code == 422
    assert "account" in answer.context["form"].errors


def test_a_stranger_gets_404(client, lima):
    narrow("sales_rep", RoleScope.Sees.OWN)
    client.force_login(UserFactory(role="sales_rep"))
    assert client.get(f"/contacts/{lima.pk}/employer/").status_code == 404


def test_the_administration_moves_them_too(client, lima, new):
    client.force_login(UserFactory(account_manager=True))
    address = f"/admin/contacts/contact/{lima.pk}/employer/"
    assert address in client.get(f"/admin/contacts/contact/{lima.pk}/change/").content.decode()
    assert client.get(address).status_code == 200
    assert client.post(address, {"account": new.pk}).status_code == 302
    assert Contact.objects.get(pk=lima.pk).account == new


def test_the_api_moves_them_and_says_no_in_its_own_words(api, lima, new):
    ask_as(api)
    url = f"/api/v1/contacts/{lima.pk}/employer/"
    shown = api.post(url, {"account": new.pk, "roles": ["billing"], "position": "Controller"}, format="json")
    assert (shown.json()["account"]["id"], shown.json()["roles"]) == (new.pk, ["billing"])
    assert problem(api.post(url, {"account": new.pk}, format="json"))[:2] == (409, "same_employer")
    assert problem(api.post(url, {}, format="json"))[0] == 400
