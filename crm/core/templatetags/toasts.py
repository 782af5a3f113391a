"""What a message carries beside its words."""

from django import template
from django.contrib.messages.storage.base import Message

register = template.Library()

SAVED = "saved:"


@register.filter
def saved_key(message: Message) -> str:
    """Return the key of the draft that was saved, given by the view as `extra_tags="saved:KEY"`."""
    for tag in (message.extra_tags or "").split():
        if tag.startswith(SAVED):
            return tag.removeprefix(SAVED)
    return ""
