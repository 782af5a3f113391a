"""Organisations."""

import factory
from factory.django import DjangoModelFactory

from accounts.models import Account
from crm.dossiers.models import Dossier
from tests.factories.dossiers import DossierFactory


class AccountFactory(DjangoModelFactory[Account]):
    """An account; `name`, `parent` (an account), `tier` and `archived_at` go to its record."""

    class Meta:
        model = Account
        exclude = ("name", "parent", "tier", "archived_at")

    name = factory.Sequence(lambda n: f"Account {n:04}")
    parent = None
    tier = None
    archived_at = None
    dossier = factory.SubFactory(
        DossierFactory,
        kind=Dossier.Kind.ACCOUNT,
        title=factory.SelfAttribute("..name"),
        parent=factory.LazyAttribute(lambda d: d.factory_parent.parent and d.factory_parent.parent.dossier),
        tier=factory.SelfAttribute("..tier"),
        archived_at=factory.SelfAttribute("..archived_at"),
    )
