"""What the two databases hold in different ways; each model's own constraints are tested with the model."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.questioner import NonInteractiveMigrationQuestioner
from django.db.migrations.state import ProjectState

from crm.poc.models import Assignment
from tests.factories import AT
from tests.factories.poc import AssignmentFactory

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def test_no_model_has_changed_without_a_migration():
    from django.apps import apps  # noqa: PLC0415

    loader = MigrationLoader(None)
    questioner = NonInteractiveMigrationQuestioner(specified_apps=None, dry_run=True)
    changes = MigrationAutodetector(loader.project_state(), ProjectState.from_apps(apps), questioner).changes(
        graph=loader.graph
    )
    assert not {app: [str(m.operations) for m in found] for app, found in changes.items()}


@pytest.mark.postgres
def test_postgres_excludes_overlapping_periods_whatever_wrote_them():
    held = AssignmentFactory(starts_at=AT, ends_at=AT + 2 * HOUR)
    with pytest.raises(IntegrityError, match="assignment_one_holder_at_a_time"), transaction.atomic():
        AssignmentFactory(dossier=held.dossier, starts_at=AT + HOUR, ends_at=AT + 3 * HOUR)
    AssignmentFactory(dossier=held.dossier, starts_at=AT + 2 * HOUR)  # half-open: the next one begins at the end


def test_an_open_period_cannot_be_opened_twice_on_either_database():
    held = AssignmentFactory()
    with pytest.raises(IntegrityError), transaction.atomic():
        AssignmentFactory(dossier=held.dossier, starts_at=AT)


def test_validating_a_model_leaves_the_periods_to_the_database():
    held = AssignmentFactory(starts_at=AT, ends_at=AT + HOUR)
    again = Assignment(dossier=held.dossier, topic=held.topic, poc=held.poc, starts_at=AT, ends_at=AT + HOUR)
    again.validate_constraints()


@pytest.mark.sqlite
def test_sqlite_has_no_trace_of_the_exclusion():
    with connection.cursor() as cursor:
        names = connection.introspection.get_constraints(cursor, Assignment._meta.db_table)
    assert "assignment_one_holder_at_a_time" not in names
