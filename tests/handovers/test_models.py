"""What must always hold of a handover and of the briefing's template."""

import pytest
from django.db import IntegrityError, transaction

from crm.handovers.models import BriefingPart, Handover
from crm.users.models import RoleScope
from tests.factories import AT
from tests.factories.dossiers import DossierFactory, tier
from tests.factories.handovers import HandoverFactory, part
from tests.factories.poc import AbsenceFactory, AssignmentFactory, PersonFactory, TeamFactory
from tests.factories.users import UserFactory, narrow

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"state": "offered", "receiver": None}, "handover_offered_has_a_receiver"),
        ({"state": "offered", "offered_at": None}, "handover_offered_has_a_receiver"),
        ({"state": "accepted"}, "handover_decided_has_a_moment"),
        ({"decided_at": AT}, "handover_decided_has_a_moment"),
        ({"state": "declined", "decided_at": AT}, "handover_declined_says_why"),
    ],
)
def test_a_handover_that_cannot_be_is_refused_by_the_database(fields, constraint):
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        HandoverFactory(is_offered=True, **fields)


def test_nobody_hands_over_to_themselves():
    ann = PersonFactory()
    with pytest.raises(IntegrityError, match="handover_not_to_oneself"), transaction.atomic():
        HandoverFactory(is_offered=True, giver=ann, receiver=ann)


def test_one_is_open_per_record_and_giver():
    first = HandoverFactory()
    HandoverFactory(dossier=first.dossier)  # another giver's
    HandoverFactory(dossier=first.dossier, giver=first.giver, is_declined=True)
    with pytest.raises(IntegrityError), transaction.atomic():
        HandoverFactory(dossier=first.dossier, giver=first.giver, is_offered=True)


def test_the_template_asks_more_for_the_upper_tiers():
    parts = list(BriefingPart.objects.asked())
    assert [p.label for p in parts] == ["Context", "People", "Promises", "Open risks", "Next 90 days"]
    for code, n in (("a", 5), ("b", 5), ("c", 3)):
        assert sum(p.is_required_for(tier(code).pk) for p in parts) == n, code
    assert sum(p.is_required_for(None) for p in parts) == 3


def test_a_retired_part_is_asked_no_more():
    BriefingPart.objects.filter(code="risks").update(retired_at=AT)
    assert part("risks") not in BriefingPart.objects.asked()


@pytest.fixture
def reader(clock):
    clock.freeze(AT)
    narrow("sales_rep", RoleScope.Sees.OWN)
    return PersonFactory(user=UserFactory(role="sales_rep"))


def seen(reader):
    return list(Handover.objects.visible_to(reader.user))


def test_a_stranger_sees_none_and_whoever_sees_all_sees_them(reader):
    handover = HandoverFactory()
    assert seen(reader) == []
    assert list(Handover.objects.visible_to(UserFactory(role="account_manager"))) == [handover]


def test_whoever_answers_for_the_record_sees_its_handovers(reader):
    handover = HandoverFactory()
    AssignmentFactory(dossier=handover.dossier, poc=reader)
    assert seen(reader) == [handover]


@pytest.mark.parametrize("side", ["giver", "receiver"])
def test_both_sides_see_it_with_their_covers_teams_and_leads(reader, side):
    member_of = TeamFactory(members=[reader])
    away = AbsenceFactory(cover=reader).poc
    led = PersonFactory(home_team=TeamFactory(lead=reader))
    ours = [HandoverFactory(is_offered=True, **{side: poc}) for poc in (reader, member_of, away, led)]
    HandoverFactory(is_offered=True, dossier=DossierFactory())
    assert sorted(h.pk for h in seen(reader)) == [h.pk for h in ours]
