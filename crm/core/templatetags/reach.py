"""How a contact is reached, and what they are at their firm: what `for_rows` and `for_page` loaded, no query."""

from typing import Any

from django import template
from django.utils.translation import gettext

from crm.core.text import language_names

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
def roles(contact: Any) -> list[str]:
    """What the contact is at their firm, in the reader's language."""
    return [gettext(name) for name in contact.role_names]


@register.filter
def spoken(languages: str) -> str:
    """The languages somebody speaks, each by its own name: Deutsch, English."""
    return ", ".join(language_names(languages))
