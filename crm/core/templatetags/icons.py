"""`{% icon "phone" %}`: one drawing of the external sprite, beside a word or alone in a control that has a name."""

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

CHANNELS = {
    "phone": "phone",
    "email": "mail",
    "live_chat": "chat",
    "chatbot": "bot",
    "social": "social",
    "social_media": "social",
    "in_person": "in-person",
    "shop": "shop",
    "event": "event",
    "web_form": "form",
    "letter": "letter",
}


@register.simple_tag
def icon(name: str, size: str = "", flip: bool = False) -> SafeString:
    """Draw `name`; `size` is "s" or "l", `flip` mirrors it in right-to-left pages. Hidden from screen readers."""
    classes = "i" + (f" i-{size}" if size else "") + (" i-flip" if flip else "")
    return format_html(
        '<svg class="{}" aria-hidden="true"><use href="{}#{}"/></svg>', classes, static("liaison/img/icons.svg"), name
    )


@register.filter
def channel_icon(code: str) -> str:
    """Return the icon's name for a channel's code; a channel of the firm's own gets the speech bubble."""
    return CHANNELS.get(str(code).replace("-", "_"), "chat")
