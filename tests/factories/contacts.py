"""People outside."""

from typing import Any

import factory
from factory.django import DjangoModelFactory

from contacts.actions import email_rows, phone_rows
from contacts.models import Contact, ContactEmail, ContactPhone, ContactRole
from crm.dossiers.models import Dossier
from tests.factories.accounts import AccountFactory
from tests.factories.dossiers import DossierFactory


def role(code: str = "decision_maker") -> ContactRole:
    """Return a shipped role: decision_maker, buyer, billing, technical, delivery, user."""
    return ContactRole.objects.get(code=code)


class ContactFactory(DjangoModelFactory[Contact]):
    """A contact without an account (`at_account=True` makes one); `emails`, `phones` and `roles` are lists.

    `name`, `tier` and `archived_at` go to its record. Numbers are read as dialled in `country`.
    """

    class Meta:
        model = Contact
        exclude = ("name", "tier", "archived_at")
        skip_postgeneration_save = True

    class Params:
        at_account = factory.Trait(account=factory.SubFactory(AccountFactory))

    name = factory.Sequence(lambda n: f"Contact {n:04}")
    account = None
    tier = None
    archived_at = None
    dossier = factory.SubFactory(
        DossierFactory,
        kind=Dossier.Kind.CONTACT,
        title=factory.SelfAttribute("..name"),
        parent=factory.LazyAttribute(lambda d: d.factory_parent.account and d.factory_parent.account.dossier),
        tier=factory.SelfAttribute("..tier"),
        archived_at=factory.SelfAttribute("..archived_at"),
    )

    @factory.post_generation
    def emails(contact: Contact, create: bool, extracted: list[str] | None, **kwargs: Any) -> None:  # noqa: N805
        ContactEmail.objects.bulk_create(email_rows(contact, extracted or []))

    @factory.post_generation
    def phones(contact: Contact, create: bool, extracted: list[str] | None, country: str = "", **kwargs: Any) -> None:  # noqa: N805
        ContactPhone.objects.bulk_create(phone_rows(contact, extracted or [], country))

    @factory.post_generation
    def roles(contact: Contact, create: bool, extracted: list[ContactRole] | None, **kwargs: Any) -> None:  # noqa: N805
        contact.roles.set(extracted or [])
