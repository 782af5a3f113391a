"""`{{ seats|at:row.pk }}`: what a view looked up for each row of a list."""

from collections.abc import Mapping

from django import template

register = template.Library()


@register.filter
def at(found: Mapping[int, object], key: int) -> object | None:
    """Return what was found for `key`, or None."""
    return found.get(key)
