"""How somebody is reached, and what they are: the prefetched lists of a contact of `for_list`, without a query."""

from typing import Any

from django import template

register = template.Library()


@register.filter
def phones(contact: Any) -> list[Any]:
    """The numbers, the one to call first on top."""
    return list(contact.phones.all())


@register.filter
def emails(contact: Any) -> list[Any]:
    """The addresses, the one to write to first on top."""
    return list(contact.emails.all())


@register.filter
def roles(contact: Any) -> list[Any]:
    """What the contact is at their firm."""
    return list(contact.roles.all())


@register.inclusion_tag("partials/reach.html")
def reach(contact: Any) -> dict[str, str]:
    """Show how a contact is called and written to, as two small links."""
    numbers = [phone for phone in phones(contact) if not phone.is_wrong]
    addresses = emails(contact)
    return {
        "who": contact.name,
        "phone": numbers[0].e164 or numbers[0].number if numbers else "",
        "email": addresses[0].address if addresses else "",
    }
