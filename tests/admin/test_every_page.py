"""What holds for every model in the administration."""

import re

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Account
from contacts.models import Contact, ContactRole
from crm.commitments.models import Commitment, Policy
from crm.core.admin_base import ModelAdmin
from crm.dossiers.models import Channel, Dossier, Firm, Outcome, Purpose, Tier, Topic
from crm.handovers.models import BriefingPart, Handover
from crm.outbox.models import Message
from crm.poc.models import Absence, Assignment, PointOfContact, ShareLink, WorkingCalendar
from crm.users.models import ApiToken, Role, User
from interactions.models import Interaction, TouchPoint
from projects.models import Project
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.commitments import CommitmentFactory
from tests.factories.contacts import ContactFactory, role
from tests.factories.dossiers import DossierFactory, channel, tier
from tests.factories.handovers import HandoverFactory
from tests.factories.interactions import InteractionFactory
from tests.factories.outbox import MessageFactory
from tests.factories.poc import (
    AbsenceFactory,
    AssignmentFactory,
    CalendarFactory,
    PersonFactory,
    ShareLinkFactory,
    TeamFactory,
)
from tests.factories.projects import ProjectFactory, StakeholderFactory
from tests.factories.users import UserFactory

pytestmark = pytest.mark.django_db

INLINE = re.compile(r"<script(?![^>]*\bsrc=)[^>]*>|<style|\sstyle=|\son[a-z]+=|javascript:", re.IGNORECASE)
DATA = re.compile(r'<script[^>]*type="application/json"')  # not run


def account():
    made = AccountFactory(tier=tier(), parent=AccountFactory())
    AssignmentFactory(dossier=made.dossier, poc=AbsenceFactory(cover=PersonFactory()).poc)
    CommitmentFactory(dossier=made.dossier)
    InteractionFactory(account=made)
    ProjectFactory(account=made)
    return made


def contact():
    made = ContactFactory(at_account=True, tier=tier(), emails=["a@rio.example"], phones=["+351 1"], roles=[role()])
    AssignmentFactory(dossier=made.account.dossier)
    return made


def project():
    made = ProjectFactory(tier=tier())
    AssignmentFactory(dossier=made.dossier)
    StakeholderFactory(project=made)
    return made


def touch_point():
    dossier = DossierFactory(kind=Dossier.Kind.TOUCH_POINT)
    return TouchPoint.objects.create(dossier=dossier, channel=channel())


def token():
    n = ApiToken.objects.count()
    return ApiToken.objects.create(user=UserFactory(), name="CTI", prefix="x", digest=f"{n}", created_at=AT)


def word(model):
    def make():
        n = model.objects.count()
        return model.objects.create(code=f"w{n}", name=f"Word {n}")

    return make


MAKE = {
    Account: account,
    Contact: contact,
    Project: project,
    TouchPoint: touch_point,
    Interaction: InteractionFactory,
    PointOfContact: lambda: PersonFactory(home_team=TeamFactory(lead=PersonFactory()), signs_in=True),
    Assignment: lambda: AssignmentFactory(decided_by=UserFactory()),
    Absence: lambda: AbsenceFactory(cover=PersonFactory(), entered_by=UserFactory()),
    WorkingCalendar: lambda: CalendarFactory(nine_to_six=True),
    ShareLink: lambda: (
        ShareLinkFactory(created_by=UserFactory()),
        ShareLinkFactory(dossier=AccountFactory().dossier),
    )[1],
    Handover: lambda: HandoverFactory(is_declined=True, offered_by=UserFactory()),
    Commitment: lambda: CommitmentFactory(poc=PersonFactory()),
    Policy: lambda: Policy.objects.first(),
    Message: MessageFactory,
    User: lambda: PersonFactory(user=UserFactory(role="sales_rep")).user,
    Role: lambda: Role.objects.first(),
    ApiToken: token,
    Firm: lambda: Firm.objects.first(),
    Topic: word(Topic),
    Tier: word(Tier),
    Channel: word(Channel),
    Purpose: word(Purpose),
    Outcome: word(Outcome),
    ContactRole: word(ContactRole),
    BriefingPart: word(BriefingPart),
}
MODELS = [pytest.param(model, id=model.__name__) for model in MAKE]


def address(model, page, *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def inline_bits(response):
    return INLINE.findall(DATA.sub("", response.content.decode()))


def queries_of(client, url):
    with CaptureQueriesContext(connection) as captured:
        response = client.get(url)
    assert response.status_code == 200, url
    return [query["sql"] for query in captured.captured_queries], response


def test_every_model_in_the_administration_is_looked_at_here():
    assert set(admin.site._registry) == {*MAKE, Dossier}
    assert all(isinstance(shown, ModelAdmin) for shown in admin.site._registry.values())


@pytest.mark.parametrize("model", MODELS)
def test_a_list_costs_the_same_however_long_and_counts_nothing(as_administrator, model):
    costs = []
    as_administrator.get(address(model, "changelist"))  # what processes remember is known from then on
    for _more in (1, 7):
        for _n in range(_more):
            MAKE[model]()
        sql, response = queries_of(as_administrator, address(model, "changelist"))
        assert not [q for q in sql if "COUNT(" in q]
        assert not inline_bits(response)
        costs.append(len(sql))
    assert costs[0] == costs[1]


@pytest.mark.parametrize("model", MODELS)
def test_the_second_page_is_asked_for_without_a_count(as_administrator, monkeypatch, model):
    monkeypatch.setattr(admin.site._registry[model], "list_per_page", 1)
    MAKE[model](), MAKE[model]()
    first = as_administrator.get(address(model, "changelist"))
    if model in (Firm, Policy, Role):
        return
    assert b"p=2" in first.content
    sql, _second = queries_of(as_administrator, address(model, "changelist") + "?p=2")
    assert not [q for q in sql if "COUNT(" in q]


@pytest.mark.parametrize("page", ["0", "-1", "x", "99999999999999999999", "201"])
def test_a_page_that_is_none_leads_back_to_the_list(as_administrator, page):
    response = as_administrator.get(address(Account, "changelist") + f"?p={page}", follow=True)
    assert response.status_code == 200


@pytest.mark.parametrize("model", MODELS)
def test_one_object_is_shown_with_its_history_and_without_anything_inline(as_administrator, model):
    made = MAKE[model]()
    for page in ("change", "history"):
        response = as_administrator.get(address(model, page, made.pk))
        assert response.status_code == 200
        assert not inline_bits(response)


@pytest.mark.parametrize("model", MODELS)
def test_adding_is_a_page_without_anything_inline_where_one_may_add(as_administrator, model, rf, administrator):
    request = rf.get("/")
    request.user = administrator
    response = as_administrator.get(address(model, "add"))
    assert response.status_code == (200 if admin.site._registry[model].has_add_permission(request) else 403)
    assert response.status_code == 403 or not inline_bits(response)


@pytest.mark.parametrize("model", MODELS)
def test_nothing_is_ever_deleted(as_administrator, model):
    made = MAKE[model]()
    assert as_administrator.get(address(model, "delete", made.pk)).status_code == 403
    assert as_administrator.post(address(model, "delete", made.pk), {"post": "yes"}).status_code == 403
    chosen = {"action": "delete_selected", "_selected_action": [made.pk], "post": "yes"}
    as_administrator.post(address(model, "changelist"), chosen)
    assert model.objects.filter(pk=made.pk).exists()


@pytest.mark.parametrize("model", MODELS)
def test_an_object_that_is_not_there_leads_home(as_administrator, model):
    for pk in (999_999_999, "9" * 30, "x", "-1", "_5f"):
        assert as_administrator.get(address(model, "change", pk), follow=True).status_code == 200


@pytest.mark.parametrize("model", [m for m in MAKE if admin.site._registry[m].search_fields or m is Contact])
def test_any_search_is_answered(as_administrator, model):
    MAKE[model]()
    for term in ("rio", "Rió%_'\"\\", "\x00", "+351 1", "x" * 5000):
        assert as_administrator.get(address(model, "changelist"), {"q": term}).status_code == 200


def test_the_first_page_is_sorted_by_what_things_are(as_administrator, as_manager):
    response = as_administrator.get(reverse("admin:index"))
    names = [section["name"] for section in response.context["app_list"]]
    assert names == ["Records", "Who answers", "What is owed", "People who sign in", "Settings"]
    assert not inline_bits(response)
    shown = {m["object_name"] for s in as_manager.get(reverse("admin:index")).context["app_list"] for m in s["models"]}
    assert "Account" in shown
    assert not shown & {"User", "Role", "Firm", "Message", "ApiToken", "Dossier"}


def test_signing_in_and_out_and_passwords_are_the_products_own(client, as_manager):
    assert client.get(reverse("admin:index"), follow=True).redirect_chain[-1][0].startswith("/auth/login/")
    assert client.get(reverse("admin:login"), follow=True).redirect_chain[-1][0].startswith("/auth/login/")
    assert as_manager.get(reverse("admin:password_change")).url == "/auth/password/change/"
    assert as_manager.get(reverse("admin:logout")).url == "/auth/logout/"
    assert not inline_bits(as_manager.get(reverse("admin:app_list", args=["accounts"])))


def test_whoever_has_no_business_here_gets_nowhere(client):
    client.force_login(UserFactory(role="sales_rep"))
    assert client.get(address(Account, "changelist")).status_code in (302, 403)


@pytest.mark.parametrize("model", MODELS)
def test_no_page_says_the_words_users_never_see(as_administrator, model):
    made = MAKE[model]()
    forbidden = re.compile(r"\b(dossier|commitment|ladder|effective|house POC)s?\b", re.IGNORECASE)
    for url in (address(model, "changelist"), address(model, "change", made.pk)):
        text = re.sub(r"<[^>]+>", " ", as_administrator.get(url).content.decode())
        assert not forbidden.findall(text)


def test_records_are_found_by_typing(as_manager):
    dossier = DossierFactory(title="Cervejaria Atlântico")
    query = {"app_label": "poc", "model_name": "assignment", "field_name": "dossier", "term": "atlantico"}
    found = as_manager.get(reverse("admin:autocomplete"), query).json()
    assert [row["id"] for row in found["results"]] == [str(dossier.pk)]
    assert as_manager.get(address(Dossier, "changelist")).status_code == 403
