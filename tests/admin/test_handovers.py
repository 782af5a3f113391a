"""Handovers in the administration: a selection offered at once, one decided, the template changed."""

import pytest
from django.urls import reverse

from crm.handovers.models import BriefingPart, Handover
from crm.poc.models import Assignment
from crm.users import roles
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.dossiers import tier
from tests.factories.handovers import BRIEFING, HandoverFactory
from tests.factories.interactions import unknown_callers
from tests.factories.poc import AssignmentFactory, PersonFactory
from tests.factories.users import UserFactory

from .conftest import signed_in

pytestmark = pytest.mark.django_db

LIST = reverse("admin:accounts_account_changelist")
TEMPLATE = reverse("admin:handovers_briefingpart_add")


@pytest.fixture
def ann():
    return PersonFactory(name="Ann")


def accounts_of(giver, n=2):
    made = AccountFactory.create_batch(n, tier=tier("c"))
    for account in made:
        AssignmentFactory(dossier=account.dossier, poc=giver)
    return made


def asked(records, giver, receiver, **values):
    """What the page of a selection sends."""
    texts = {f"briefing-{code}": text for code, text in BRIEFING.items()}
    return {
        "action": "hand_over_chosen", "_selected_action": [r.pk for r in records], "apply": "1", "giver": giver.pk,
        "receiver": receiver.pk, "reason": "New region", "with_projects": "on",
    } | texts | values  # fmt: skip


def act(name, handover):
    return reverse(f"admin:handovers_handover_{name}", args=[handover.pk])


def test_a_selection_is_offered_with_one_reason_and_one_briefing(as_manager, ann):
    records, bo = accounts_of(ann), PersonFactory(name="Bo")
    page = as_manager.post(LIST, {"action": "hand_over_chosen", "_selected_action": [r.pk for r in records]})
    assert "For 2 records" in page.content.decode()
    response = as_manager.post(LIST, asked(records, ann, bo), follow=True)
    assert "2 handovers offered to Bo." in response.content.decode()
    assert {(h.receiver, h.reason, h.with_projects, h.with_contacts) for h in Handover.objects.all()} == {
        (bo, "New region", True, False)
    }


def test_records_where_the_giver_holds_nothing_are_left_out_and_said_so(as_manager, ann):
    records = [*accounts_of(ann, 1), AccountFactory()]
    response = as_manager.post(LIST, asked(records, ann, PersonFactory(name="Bo")), follow=True)
    assert "1 was left out: Ann answers for nothing there." in response.content.decode()
    assert Handover.objects.count() == 1


def test_nothing_held_at_all_is_refused(as_manager, ann):
    response = as_manager.post(LIST, asked([AccountFactory()], ann, PersonFactory()))
    assert response.status_code == 422 and "giver" in response.context["form"].errors


def test_a_part_that_one_of_them_requires_is_asked_for(as_manager, ann):
    records = accounts_of(ann, 1)
    upper = AccountFactory(tier=tier("a"))
    AssignmentFactory(dossier=upper.dossier, poc=ann)
    missing = {"briefing-risks": ""}
    assert as_manager.post(LIST, asked(records, ann, PersonFactory(), **missing)).status_code == 302
    response = as_manager.post(LIST, asked([upper], ann, PersonFactory(), **missing))
    assert "briefing-risks" in response.context["form"].errors


def test_more_than_fifty_are_refused(as_manager, ann):
    records = AccountFactory.create_batch(51)
    response = as_manager.post(LIST, asked(records, ann, PersonFactory()), follow=True)
    assert "Choose at most 50 at once." in response.content.decode()


def test_our_own_doors_are_not_handed_over(as_administrator):
    address = reverse("admin:interactions_touchpoint_changelist")
    sent = {"action": "hand_over_chosen", "_selected_action": [unknown_callers().pk]}
    as_administrator.post(address, sent, follow=True)
    assert "hand_over_chosen" not in as_administrator.get(address).content.decode()


def offered_from(as_manager, ann):
    as_manager.post(LIST, asked(accounts_of(ann, 1), ann, PersonFactory(name="Bo")))
    return Handover.objects.get()


def test_an_administrator_accepts_for_whoever_cannot(as_manager, as_administrator, administrator, ann):
    handover = offered_from(as_manager, ann)
    assert as_administrator.get(act("accept", handover)).status_code == 200
    response = as_administrator.post(act("accept", handover), {"sure": "1"}, follow=True)
    assert "Bo answers from now on" in response.content.decode()
    assert Assignment.objects.at(AT).get(dossier=handover.dossier).poc.name == "Bo"
    assert Handover.objects.get().decided_by == administrator
    assert as_administrator.get(act("decline", handover)).status_code == 404


def test_an_account_manager_does_not_decide_for_others(as_manager, ann):
    handover = offered_from(as_manager, ann)
    response = as_manager.post(act("decline", handover), {"reason": "No"})
    assert response.status_code == 422
    assert "for those concerned to decide" in response.content.decode()


def test_declining_asks_why_and_withdrawing_need_not(as_manager, as_administrator, ann):
    handover = offered_from(as_manager, ann)
    assert as_administrator.post(act("decline", handover), {"reason": ""}).status_code == 422
    as_manager.post(act("withdraw", handover), {"reason": ""})
    assert Handover.objects.get().state == "withdrawn"


def test_one_is_read_with_its_briefing_and_history(as_administrator):
    handover = HandoverFactory(is_declined=True)
    page = as_administrator.get(reverse("admin:handovers_handover_change", args=[handover.pk])).content.decode()
    for said in ("Four cold stores.", "Everything they answer for", "Too much"):
        assert said in page
    assert '<input type="submit"' not in page


def test_administrators_change_the_template(as_administrator):
    sent = {"name": "Contract", "help": "Ends when?", "position": "9", "tiers": [tier("a").pk]}
    as_administrator.post(TEMPLATE, sent)
    part = BriefingPart.objects.asked().get(code="contract")
    assert part.is_required_for(tier("a").pk) and not part.is_required_for(None)
    as_administrator.post(reverse("admin:handovers_briefingpart_change", args=[part.pk]), sent | {"retired": "on"})
    assert part not in BriefingPart.objects.asked()


def test_others_do_not(as_manager):
    assert as_manager.get(TEMPLATE).status_code == 403
    rep = signed_in(UserFactory(role=roles.SALES_REP))
    assert rep.get(TEMPLATE).status_code in (302, 403)
