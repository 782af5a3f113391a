"""Lists narrowed to what only the front desk answers for: by the very rule that says who answers."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.models import Account
from crm.dossiers.models import Dossier, Topic
from crm.poc import standing
from crm.poc.models import PointOfContact
from crm.poc.resolve import Question, resolve_many
from crm.poc.unanswered import gaps_among, unanswered
from projects.models import Project
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.poc import AbsenceFactory, AssignmentFactory, PersonFactory, TeamFactory
from tests.factories.projects import ProjectFactory
from tests.poc.houses import MOMENTS, houses, rolled_back, write

pytestmark = pytest.mark.django_db


@settings(max_examples=40, deadline=None, derandomize=True)
@given(world=houses(), topic=st.sampled_from(["general", "billing"]), at=st.sampled_from(MOMENTS))
def test_it_agrees_with_resolve_wherever_records_lie_and_whoever_is_away(django_db_blocker, world, topic, at):
    with rolled_back():
        write(world)
        about = Topic.objects.get(code=topic).pk
        house = standing.read(at=at)
        found = Dossier.objects.filter(pk__in=gaps_among(Dossier.objects.all(), about, house))
        ids = Dossier.objects.values_list("pk", flat=True)
        answers = resolve_many([Question(pk, about) for pk in ids], at=at)
        assert set(found.values_list("pk", flat=True)) == {q.dossier_id for q, a in answers.items() if a.is_gap}


def test_a_project_has_somebody_through_its_account_and_a_backup_alone_is_nobody():
    own, at_home, backed, none = ProjectFactory.create_batch(4)
    AssignmentFactory(dossier=own.dossier)
    AssignmentFactory(dossier=at_home.account.dossier)
    AssignmentFactory(dossier=backed.dossier, rank=1)
    assert set(Project.objects.filter(unanswered(AT, kind="project"))) == {backed, none}
    assert set(Project.objects.filter(~unanswered(AT))) == {own, at_home}


def test_one_who_is_gone_leaves_a_gap_unless_somebody_comes_in():
    for poc in (
        PersonFactory(deactivated_at=AT, home_team=TeamFactory(lead=PersonFactory())),
        AbsenceFactory(cover=PersonFactory()).poc,
    ):
        AssignmentFactory(dossier=AccountFactory().dossier, poc=poc)
    gap = AccountFactory()
    AssignmentFactory(dossier=gap.dossier, poc=PersonFactory(deactivated_at=AT))
    assert set(Account.objects.filter(unanswered(AT, kind="account"))) == {gap}


def test_a_list_costs_three_queries_more(django_assert_num_queries):
    AccountFactory.create_batch(3)
    with django_assert_num_queries(4):  # topics, two for everybody on our side, the list
        assert Account.objects.filter(unanswered(AT)).count() == 3


def test_everybody_is_asked_about_as_somebody_who_alone_is_named():
    ann, cover = PersonFactory(), PersonFactory()
    AbsenceFactory(poc=ann, cover=cover)
    house = standing.read(at=AT)
    general = house.general_id
    assert house.stands_in(ann.pk, general) == cover.pk
    assert house.stands_in(ann.pk, general, without=cover.pk) is None
    assert ann.pk in house.not_there(general)
    assert ann.pk not in house.silent(general)
    assert set(house.pocs) == set(PointOfContact.objects.values_list("pk", flat=True))
