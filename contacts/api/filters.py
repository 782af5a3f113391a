"""What contacts are narrowed by."""

from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from contacts.actions import firm_country
from contacts.models import Contact, ContactEmail, ContactPhone
from contacts.phones import e164
from crm.core.rest.filters import IdFilter, TextFilter
from crm.core.text import digits
from crm.poc.rest import RecordFilterSet


class ContactFilterSet(RecordFilterSet):
    """Narrows contacts."""

    account = IdFilter("account")
    role = TextFilter(method="in_role", help_text="The code of a role.")
    email = TextFilter(method="with_email", help_text="A whole address.")
    phone = TextFilter(method="with_phone", help_text="A whole number, in any way of writing it.")

    class Meta:
        model = Contact
        fields: list[str] = []

    def in_role(self, rows: QuerySet[Any], name: str, code: str) -> QuerySet[Any]:
        return rows.filter(Exists(Contact.roles.through.objects.filter(contact=OuterRef("pk"), contactrole__code=code)))

    def with_email(self, rows: QuerySet[Any], name: str, address: str) -> QuerySet[Any]:
        held = ContactEmail.objects.filter(contact=OuterRef("pk"), address_key=address.strip().lower())
        return rows.filter(Exists(held))

    def with_phone(self, rows: QuerySet[Any], name: str, number: str) -> QuerySet[Any]:
        full = e164(number, country=firm_country())
        same = Q(digits=digits(number)[:60])
        held = ContactPhone.objects.filter(same | Q(e164=full) if full else same, contact=OuterRef("pk"))
        return rows.filter(Exists(held))
