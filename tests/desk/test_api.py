"""Who answers, asked by record or by caller; the words the API gives and takes."""

from datetime import timedelta

import pytest

from crm.dossiers.actions import refile
from crm.users.models import RoleScope
from tests.doors import ask_as, problem
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.contacts import ContactFactory
from tests.factories.dossiers import topic
from tests.factories.interactions import unknown_callers
from tests.factories.poc import AbsenceFactory, AssignmentFactory, PersonFactory, TeamFactory, front_desk
from tests.factories.projects import ProjectFactory
from tests.factories.users import actor, narrow

URL = "/api/v1/resolve/"
NUMBER = "+351 211 234 567"


@pytest.fixture
def user(db, clock, api):
    clock.freeze(AT)
    return ask_as(api, "sales_rep")


def test_it_says_who_answers_why_and_how_to_reach_them(user, api):
    project = ProjectFactory()
    ann = PersonFactory(name="Ann")
    bob = PersonFactory(name="Bob", email="bob@firm.example", phone="+351 1")
    AssignmentFactory(dossier=project.account.dossier, topic=topic("billing"), poc=ann)
    AbsenceFactory(poc=ann, cover=bob)
    told = api.get(f"{URL}?project={project.pk}&topic=billing").json()
    assert told["matched"] == [{"kind": "project", "id": project.pk, "name": project.name}]
    answer = told["who_answers"]
    assert answer["poc"] == {
        "id": bob.pk, "name": "Bob", "kind": "person", "email": "bob@firm.example", "phone": "+351 1",
    }  # fmt: skip
    assert answer["instead_of"] == {"id": ann.pk, "name": "Ann"}
    assert answer["why"] == f"From {project.account.name} · Ann is away until 5 Mar → covered by Bob"
    assert [reason["code"] for reason in answer["reasons"]] == ["nobody", "assigned", "away", "covered"]
    assert told["candidates"] == []


def test_past_and_future_are_answered_too(user, api):
    account = AccountFactory()
    AssignmentFactory(dossier=account.dossier, starts_at=AT)
    before = api.get(f"{URL}?account={account.pk}&at=2026-03-04T11:59:59Z").json()
    after = api.get(f"{URL}?account={account.pk}&at=2026-03-04T13:00:00+01:00").json()
    assert (before["who_answers"]["is_gap"], after["who_answers"]["is_gap"]) == (True, False)
    assert after["at"] == "2026-03-04T12:00:00Z"


@pytest.mark.parametrize("asked", ["phone=%2B351211234567", "phone=00351 211 234 567", "email=MARIA@example.com"])
def test_a_caller_is_answered_for_by_their_number_or_address(user, api, asked):
    maria = ContactFactory(at_account=True, phones=[NUMBER], emails=["maria@example.com"])
    ann = AssignmentFactory(dossier=maria.account.dossier).poc
    told = api.get(f"{URL}?{asked}").json()
    assert told["matched"] == [{"kind": "contact", "id": maria.pk, "name": maria.name}]
    assert told["who_answers"]["poc"]["id"] == ann.pk


def test_a_caller_nobody_knows_is_the_front_desks(user, api):
    told = api.get(f"{URL}?phone=%2B4930123456&email=x@example.com").json()
    assert (told["matched"], told["candidates"]) == ([], [])
    assert told["who_answers"]["poc"]["id"] == front_desk().pk
    kept = AssignmentFactory(dossier=unknown_callers().dossier).poc
    assert api.get(f"{URL}?phone=%2B4930123456").json()["who_answers"]["poc"]["id"] == kept.pk


def test_a_number_of_several_names_them_and_their_common_poc(user, api):
    first, second = ContactFactory.create_batch(2, at_account=True, phones=[NUMBER])
    ann = AssignmentFactory(dossier=first.account.dossier).poc
    told = api.get(f"{URL}?phone={NUMBER.replace('+', '%2B')}").json()
    assert [(c["id"], c["who_answers"]["poc"]["id"]) for c in told["candidates"]] == [
        (first.pk, ann.pk),
        (second.pk, front_desk().pk),
    ]
    assert told["who_answers"]["poc"]["id"] == front_desk().pk
    AssignmentFactory(dossier=second.dossier, poc=ann)
    assert api.get(f"{URL}?phone=211234567").json()["who_answers"]["poc"]["id"] == ann.pk


def test_whoever_is_signed_in_may_ask_about_anybody_and_is_told_no_more_than_that(user, api):
    narrow("sales_rep", RoleScope.Sees.OWN)
    contact = ContactFactory(at_account=True, phones=[NUMBER], position="Buyer")
    told = api.get(f"{URL}?contact={contact.pk}")
    assert told.json()["matched"] == [{"kind": "contact", "id": contact.pk, "name": contact.name}]
    assert "Buyer" not in told.content.decode()
    ask_as(api, "")  # no role at all
    assert api.get(f"{URL}?contact={contact.pk}").status_code == 200


@pytest.mark.parametrize(
    ("query", "errors"),
    [
        ("", [("", "one_subject")]),
        ("touch_point=1&phone=1", [("", "one_subject")]),
        ("account=4711", [("account", "unknown")]),
        ("account=x", [("account", "invalid")]),
        (f"account={10**30}", [("account", "invalid")]),
        ("phone=1&topic=weather", [("topic", "unknown")]),
        ("phone=1&at=now", [("at", "invalid")]),
        ("phone=1&at=0001-01-01T00:00:00Z", [("at", "unlikely")]),
        ("phone=a%00b", [("phone", "null_characters_not_allowed")]),
        ("phone=", [("phone", "blank")]),
        ("fone=1", [("fone", "unknown")]),
    ],
)
def test_a_question_that_cannot_be_meant_is_refused(user, api, query, errors):
    assert problem(api.get(f"{URL}?{query}")) == (400, "bad_values", errors)


@pytest.mark.parametrize("callers", [1, 12])
def test_an_answer_costs_the_same_whoever_matches(user, api, callers, django_assert_num_queries):
    for contact in ContactFactory.create_batch(callers, at_account=True, phones=[NUMBER]):
        AssignmentFactory(dossier=contact.account.dossier)
    # Clock, firm's country, numbers, contacts; for who answers topics, places, POCs; who sees what; our own door where
    # it is unclear
    with django_assert_num_queries(8 if callers == 1 else 9):
        api.get(f"{URL}?phone=%2B351211234567")


def test_the_words_come_with_their_codes(user, api, django_assert_num_queries):
    with django_assert_num_queries(8):  # seven kinds, and the outcomes' channels
        words = api.get("/api/v1/words/").json()
    assert {"code": "billing", "label": "Billing"} in words["topics"]
    outcome = next(o for o in words["outcomes"] if o["code"] == "no_answer")
    assert "phone" in outcome["channels"] and outcome["asks_retry"]
    assert words["touch_points"][0]["id"] == unknown_callers().pk


# --- Then, and as far as one may know


def test_a_day_is_answered_for_at_its_noon_where_the_caller_is(user, api):
    account = AccountFactory()
    AssignmentFactory(dossier=account.dossier, starts_at=AT - timedelta(days=1))
    user.time_zone = "Asia/Tokyo"  # noon there is 3 o'clock in UTC
    before, after = (api.get(f"{URL}?account={account.pk}&on={day}").json() for day in ("2026-03-03", "2026-03-04"))
    assert (before["at"], before["who_answers"]["is_gap"]) == ("2026-03-03T03:00:00Z", True)
    assert after["who_answers"]["is_gap"] is False
    both = api.get(f"{URL}?account={account.pk}&on=2026-03-03&at=2026-03-03T12:00:00Z")
    assert problem(both) == (400, "bad_values", [("", "one_moment")])
    assert problem(api.get(f"{URL}?account={account.pk}&on=soon"))[2] == [("on", "invalid")]


def test_the_past_is_read_for_what_a_record_belonged_to_then(user, api):
    old, new = AccountFactory(), AccountFactory()
    then, now = AssignmentFactory(dossier=old.dossier).poc, AssignmentFactory(dossier=new.dossier).poc
    project = ProjectFactory(account=old)
    refile(dossier=project.dossier, title=project.name, parent=new.dossier, tier=None, by=actor(), at=AT)
    asked = f"{URL}?project={project.pk}"
    assert api.get(asked).json()["who_answers"]["poc"]["id"] == now.pk
    assert api.get(f"{asked}&at=2026-03-04T11:00:00Z").json()["who_answers"]["poc"]["id"] == then.pk


def test_the_reasons_come_in_the_callers_language_with_who_is_next(user, api):
    lead = PersonFactory(name="Leo")
    held = AssignmentFactory(dossier=AccountFactory(name="Rio").dossier, poc__home_team=TeamFactory(lead=lead))
    backup = AssignmentFactory(dossier=held.dossier, rank=1).poc
    answer = api.get(f"{URL}?account={held.dossier_id}").json()["who_answers"]
    assert answer["reasons"] == [
        {"code": "assigned", "poc": held.poc_id, "record": held.dossier_id, "topic": "general", "until": None,
         "text": f"On Rio for general: {held.poc.name}"},
    ]  # fmt: skip
    assert (answer["backup"]["id"], answer["lead"]) == (backup.pk, {"id": lead.pk, "name": "Leo"})


def test_outside_the_callers_view_only_who_and_how_to_reach_them_is_told(user, api):
    narrow("sales_rep", RoleScope.Sees.OWN)
    absence = AbsenceFactory(cover=PersonFactory(email="bob@firm.example"))
    held = AssignmentFactory(dossier=AccountFactory().dossier, poc=absence.poc)
    AssignmentFactory(dossier=held.dossier, rank=1)
    told = api.get(f"{URL}?account={held.dossier_id}")
    answer = told.json()["who_answers"]
    assert answer.pop("poc")["email"] == "bob@firm.example"
    assert answer == {
        "topic": "general", "instead_of": None, "backup": None, "lead": None, "is_gap": None, "why": "", "reasons": [],
    }  # fmt: skip
    assert absence.poc.name not in told.content.decode()
