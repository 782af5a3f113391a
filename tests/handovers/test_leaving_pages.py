"""The page on which somebody leaves: who follows, group by group and row by row; and the way back."""

from datetime import timedelta

import pytest
from django.test import Client

from crm.dossiers.models import Event
from crm.handovers.leave_form import ROWS
from crm.poc.models import Assignment, PointOfContact
from crm.poc.resolve import resolve
from crm.users import roles, tokens
from tests.factories import AT
from tests.factories.dossiers import DossierFactory
from tests.factories.poc import AssignmentFactory, PersonFactory, TeamFactory, front_desk
from tests.factories.users import UserFactory, actor, narrow

HOUR = timedelta(hours=1)


@pytest.fixture
def manager(db, clock, client):
    clock.freeze(AT)
    user = UserFactory(account_manager=True)
    client.force_login(user)
    return user


def address(poc, act="leave"):
    return f"/pocs/{poc.pk}/{act}/"


def who(dossier):
    return resolve(dossier_id=dossier.pk, topic_id=Assignment.objects.first().topic_id, at=AT).poc_id


def text(response):
    return " ".join(response.content.decode().split())


def test_everything_is_counted_and_whoever_could_follow_is_offered_first(manager, client):
    team = TeamFactory(name="North", members=[PersonFactory()])
    ann = PersonFactory(name="Ann Keller", home_team=team)
    AssignmentFactory.create_batch(3, poc=ann)
    page = text(client.get(address(ann)))
    assert "Ann Keller leaves" in page and "North (home team)" in page
    assert '<h2 id="accounts-h">Accounts</h2><span class="n">3</span>' in page


def test_one_choice_is_enough_for_everything(manager, client):
    ann, bo = PersonFactory(), PersonFactory(name="Bo Berg")
    held, project = AssignmentFactory(poc=ann), AssignmentFactory(poc=ann, dossier=DossierFactory(kind="project"))
    done = client.post(address(ann), {"to_all": "other", "other_all": "bo berg", "reason": "Moves on"})
    assert done.status_code == 302
    assert who(held.dossier) == who(project.dossier) == bo.pk


def test_a_group_and_a_row_may_go_elsewhere(manager, client):
    ann, bo = PersonFactory(), PersonFactory(name="Bo Berg")
    held, other = AssignmentFactory.create_batch(2, poc=ann)
    project = AssignmentFactory(poc=ann, dossier=DossierFactory(kind="project"))
    sent = {
        "to_all": "open", "to_accounts": "other", "other_accounts": "Bo Berg", f"open_a{other.pk}": "on",
        "reason": "Goes",
    }  # fmt: skip
    client.post(address(ann), sent)
    assert who(held.dossier) == bo.pk
    assert who(other.dossier) == who(project.dossier) == front_desk().pk


def test_nobody_leaves_before_every_group_is_decided_and_the_sentence_names_it(manager, client):
    ann = PersonFactory()
    AssignmentFactory(poc=ann)
    TeamFactory(lead=ann, members=[PersonFactory()])
    refused = client.post(address(ann), {"to_accounts": "open", "reason": "Goes"})
    assert refused.status_code == 422
    assert "Say who follows, or that it is left open: Teams they lead." in text(refused)
    assert "left open: Accounts." not in text(refused)
    assert PointOfContact.objects.get(pk=ann.pk).deactivated_at is None


@pytest.mark.parametrize("name", ["", "Nobody at all", "Two Alike"])
def test_a_name_must_be_one_persons(manager, client, name):
    PersonFactory.create_batch(2, name="Two Alike")
    ann = AssignmentFactory().poc
    refused = client.post(address(ann), {"to_accounts": "other", "other_accounts": name, "reason": "Goes"})
    assert refused.status_code == 422
    assert ("Say who." if not name else "Nobody who answers has this name.") in text(refused)


def test_one_of_several_of_a_name_is_meant_by_number(manager, client):
    held = AssignmentFactory()
    _one, two = PersonFactory.create_batch(2, name="Two Alike")
    sent = {"to_accounts": "other", "other_accounts": f"Two Alike #{two.pk}", "reason": "Goes"}
    client.post(address(held.poc), sent)
    assert who(held.dossier) == two.pk


def test_what_the_act_refuses_stands_beside_its_group(manager, client):
    ann = AssignmentFactory().poc
    TeamFactory(name="Empty")
    refused = client.post(address(ann), {"to_accounts": "other", "other_accounts": "Empty", "reason": "Goes"})
    assert "Nobody is in Empty who could answer." in text(refused)


def test_rows_are_opened_page_by_page_and_what_was_chosen_is_kept(manager, client):
    ann = PersonFactory()
    rows = AssignmentFactory.create_batch(ROWS + 1, poc=ann)
    PersonFactory(name="Bo Berg")
    first = client.post(address(ann), {"show": "accounts", "reason": "Goes"})
    assert first.status_code == 200 and first.content.count(b'leave-row"') == ROWS
    more = f"accounts:{rows[ROWS - 1].pk}"
    assert more in text(first)
    second = client.post(address(ann), {"show": more, "reason": "Goes", f"row_a{rows[0].pk}": "Bo Berg"})
    assert second.content.count(b'leave-row"') == 1
    assert f'<input type="hidden" name="row_a{rows[0].pk}" value="Bo Berg"' in text(second)
    assert 'value="Goes"' in text(second)
    assert not Event.objects.filter(kind=Event.Kind.LEFT).exists()


@pytest.mark.parametrize("places", [3, 500])
def test_the_page_is_light_and_costs_the_same_however_much_is_held(manager, client, places, django_assert_num_queries):
    ann, dossiers = PersonFactory(), DossierFactory.create_batch(places)
    Assignment.objects.bulk_create(AssignmentFactory.build(poc=ann, dossier=dossier) for dossier in dossiers)
    client.get(address(ann))
    # the session; the user; the POC; 5 counts; 3 of who could follow; everybody by name; handovers
    with django_assert_num_queries(13):
        page = client.get(address(ann))
    assert len(page.content) < 40_000


def test_a_narrowed_reader_sees_numbers_but_no_names_of_records_elsewhere(manager, client):
    narrow(roles.ACCOUNT_MANAGER, "own")
    ann = PersonFactory()
    AssignmentFactory(poc=ann, dossier=DossierFactory(title="Secret Ltd"))
    page = text(client.post(address(ann), {"show": "accounts"}))
    assert "Secret Ltd" not in page and "A record outside your view" in page


def test_whoever_left_is_said_to_have_and_can_be_brought_back(manager, client):
    ann, bo = PersonFactory(name="Ann Keller"), PersonFactory(name="Bo Berg")
    held = AssignmentFactory(poc=ann)
    client.post(address(ann), {"to_accounts": "other", "other_accounts": "Bo Berg", "reason": "Moves on"})
    page = text(client.get(address(ann)))
    assert "Ann Keller has left" in page and "1 thing went to Bo Berg." in page and "“Moves on”" in page
    assert client.post(address(ann, "stay")).status_code == 302
    assert who(held.dossier) == ann.pk != bo.pk


def test_after_a_day_there_is_no_way_back(manager, client, clock):
    ann = PersonFactory(name="Ann Keller")
    client.post(address(ann), {"reason": ""})
    clock.freeze(AT + 25 * HOUR)
    assert "It can no longer be undone" in text(client.get(address(ann)))
    answer = client.post(address(ann, "stay"), follow=True)
    assert "That was more than 24 hours ago." in text(answer)


def test_what_was_changed_since_is_named(manager, client):
    ann, bo = PersonFactory(), PersonFactory(name="Bo Berg")
    held = AssignmentFactory(poc=ann, dossier=DossierFactory(title="Acme"))
    client.post(address(ann), {"to_accounts": "other", "other_accounts": "Bo Berg", "reason": "Moves on"})
    Assignment.objects.filter(poc=bo).update(ends_at=AT + HOUR)
    answer = client.post(address(ann, "stay"), follow=True)
    assert "Changed since, and left as it is: Acme." in text(answer)
    assert held.ends_at is None


@pytest.mark.parametrize("role", [roles.PROJECT_MANAGER, roles.SALES_REP, roles.SUPPORT, roles.READ_ONLY])
def test_it_is_for_administrators_and_account_managers(db, client, role):
    client.force_login(UserFactory(role=role))
    ann = PersonFactory()
    assert client.get(address(ann)).status_code == 403
    assert client.post(address(ann, "stay")).status_code == 403


def test_only_who_may_change_users_ends_a_sign_in(manager, client):
    ann = PersonFactory(signs_in=True)
    assert "ends_sign_in" not in text(client.get(address(ann)))
    client.post(address(ann), {"ends_sign_in": "on"})
    ann.user.refresh_from_db()
    assert ann.user.is_active
    client.force_login(UserFactory(administrator=True))
    bo = PersonFactory(signs_in=True)
    assert "ends_sign_in" in text(client.get(address(bo)))
    client.post(address(bo), {"ends_sign_in": "on"})
    bo.user.refresh_from_db()
    assert not bo.user.is_active


def test_with_the_sign_in_their_open_pages_and_tokens_stop_and_come_back(db, clock, client, api):
    clock.freeze(AT)
    ann, theirs = PersonFactory(user=UserFactory(role=roles.SALES_REP)), Client()
    theirs.force_login(ann.user)
    made = {"scopes": ["read"], "expires_at": None, "by": actor(ann.user), "at": AT}
    _token, secret = tokens.make(user=ann.user, name="Mine", **made)
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    client.force_login(UserFactory(administrator=True))
    for act, page, answer in (("leave", 302, 401), ("stay", 200, 200)):
        client.post(address(ann, act), {"ends_sign_in": "on"})
        assert (theirs.get("/pocs/").status_code, api.get("/api/v1/pocs/").status_code) == (page, answer)


def test_the_last_administrator_is_told_why_they_stay(db, client):
    user = UserFactory(administrator=True)
    client.force_login(user)
    refused = client.post(address(PersonFactory(user=user)), {"ends_sign_in": "on"})
    assert "Somebody who is active must remain an administrator." in text(refused)


def test_the_front_desk_has_no_such_page(manager, client):
    assert client.get(address(front_desk())).status_code == 404
