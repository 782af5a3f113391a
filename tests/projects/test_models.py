from datetime import date

import pytest
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from projects.models import Project, Stakeholder
from tests.factories import AT
from tests.factories.contacts import ContactFactory, role
from tests.factories.projects import ProjectFactory, StakeholderFactory

pytestmark = pytest.mark.django_db


def test_a_project_does_not_end_before_it_starts():
    with pytest.raises(IntegrityError, match="project_ends_not_before_start"), transaction.atomic():
        ProjectFactory(starts_on=date(2026, 3, 4), ends_on=date(2026, 3, 3))
    ProjectFactory(starts_on=date(2026, 3, 4), ends_on=date(2026, 3, 4))


def test_an_imported_project_is_there_once():
    ProjectFactory(source="crm_sales", external_id="7")
    with pytest.raises(IntegrityError), transaction.atomic():
        ProjectFactory(source="crm_sales", external_id="7")


def test_a_contact_has_a_role_in_a_project_once():
    stake = StakeholderFactory()
    with pytest.raises(IntegrityError), transaction.atomic():
        StakeholderFactory(project=stake.project, contact=stake.contact)


def test_a_record_with_a_project_cannot_be_deleted():
    with pytest.raises(ProtectedError):
        ProjectFactory().dossier.delete()


@pytest.mark.parametrize("phase", Project.Phase)
def test_running_is_what_has_not_ended(phase):
    project = ProjectFactory(phase=phase)
    assert Project.objects.running().filter(pk=project.pk).exists() is (phase not in ("won", "lost", "done"))


def test_an_archived_project_is_not_running():
    ProjectFactory(archived_at=AT)
    assert not Project.objects.running().exists()


@pytest.mark.parametrize("many", [1, 12])
def test_stakeholders_load_in_one_query_however_many(django_assert_num_queries, many):
    project = ProjectFactory()
    contact = ContactFactory(emails=["a@b.example"], phones=["+351 21 555 0123"])
    billing = role("billing")
    StakeholderFactory.create_batch(many, project=project)
    StakeholderFactory(project=project, contact=contact, role=billing)
    with django_assert_num_queries(1):
        stakes = list(Stakeholder.objects.for_list().order_by("pk"))
        assert all(stake.contact.name and stake.role.name and stake.topic_ids for stake in stakes)
    assert (stakes[0].phone, stakes[0].email) == ("", "")
    assert (stakes[-1].phone, stakes[-1].email) == ("+351215550123", "a@b.example")
    assert stakes[-1].topic_ids == [topic.pk for topic in billing.topics.all()]
