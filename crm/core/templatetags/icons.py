"""`{% icon "phone" %}`: one drawing of the external sprite, beside a word or alone in a control that has a name."""

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def icon(name: str, size: str = "", flip: bool = False) -> SafeString:
    """Draw `name`; `size` is "s" or "l", `flip` mirrors it in right-to-left pages. Hidden from screen readers."""
    classes = "i" + (f" i-{size}" if size else "") + (" i-flip" if flip else "")
    return format_html(
        '<svg class="{}" aria-hidden="true"><use href="{}#{}"/></svg>', classes, static("liaison/img/icons.svg"), name
    )
