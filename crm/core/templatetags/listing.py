"""Lists whose address says it all: `{% sort_link %}` for a column's head, `{% without %}` for a filter's chip."""

from django import template
from django.http import QueryDict

register = template.Library()

PLACE = ("after", "before")  # where in the list the reader is; gone as soon as the list is another


def address(query: QueryDict, **changes: str | None) -> str:
    """Return the query string with `changes`; None takes a key out. The reader goes back to the first page."""
    query = query.copy()
    for key in PLACE:
        query.pop(key, None)
    for key, value in changes.items():
        query.pop(key, None)
        if value is not None:
            query[key] = value
    return f"?{query.urlencode()}" if query else "?"


@register.inclusion_tag("partials/sort_head.html", takes_context=True)
def sort_head(context: template.Context, key: str, label: str, number: bool = False) -> dict[str, object]:
    """Show a column's head that sorts by `key`; once more turns it round. Reads `sort` from the address."""
    now = context["sort"]
    turned = f"-{key}" if now == key else key
    order = {key: "ascending", f"-{key}": "descending"}.get(now, "")
    return {"label": label, "order": order, "href": address(context["request"].GET, sort=turned), "number": number}


@register.simple_tag(takes_context=True)
def without(context: template.Context, *keys: str) -> str:
    """Return this address without the filters `keys`."""
    return address(context["request"].GET, **dict.fromkeys(keys))
