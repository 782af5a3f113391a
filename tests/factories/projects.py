"""Pieces of work."""

import factory
from factory.django import DjangoModelFactory

from crm.dossiers.models import Dossier
from projects.models import Project, Stakeholder
from tests.factories.accounts import AccountFactory
from tests.factories.contacts import ContactFactory, role
from tests.factories.dossiers import DossierFactory


class ProjectFactory(DjangoModelFactory[Project]):
    """A planned project of an account; `name`, `tier` and `archived_at` go to its record."""

    class Meta:
        model = Project
        exclude = ("name", "tier", "archived_at")

    name = factory.Sequence(lambda n: f"Project {n:04}")
    account = factory.SubFactory(AccountFactory)
    tier = None
    archived_at = None
    dossier = factory.SubFactory(
        DossierFactory,
        kind=Dossier.Kind.PROJECT,
        title=factory.SelfAttribute("..name"),
        parent=factory.SelfAttribute("..account.dossier"),
        tier=factory.SelfAttribute("..tier"),
        archived_at=factory.SelfAttribute("..archived_at"),
    )


class StakeholderFactory(DjangoModelFactory[Stakeholder]):
    class Meta:
        model = Stakeholder

    project = factory.SubFactory(ProjectFactory)
    contact = factory.SubFactory(ContactFactory)
    role = factory.LazyFunction(role)
