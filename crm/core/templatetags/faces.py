"""`{% avatar poc %}`: a face wherever somebody is named. Round is a person, a rounded square a team."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

HUES = 5
TEAM_WORDS = {"team", "equipo", "equipe", "the"}


def initials(name: str) -> str:
    """Return one or two letters for `name`: Ann Keller → AK, Team AR → AR, Ольга → О."""
    words = [word for word in name.replace("-", " ").split() if word[0].isalnum()]
    if len(words) > 1 and words[0].lower() in TEAM_WORDS:
        words = words[1:]
    if not words:
        return "?"
    if len(words) == 1:
        return words[0] if words[0].isupper() and len(words[0]) == 2 else words[0][0].upper()
    return (words[0][0] + words[-1][0]).upper()


def face(name: str, number: int, *, team: bool = False, away: bool = False, size: str = "") -> SafeString:
    """Draw one face; `number` gives the hue, `size` is "s" or "l"."""
    hue = number % HUES + 1
    classes = ["av"] + ([f"av-{hue}"] if hue > 1 and not away else [])
    classes += (["av-team"] if team else []) + (["av-away"] if away else []) + ([f"av-{size}"] if size else [])
    return format_html('<span class="{}" aria-hidden="true">{}</span>', " ".join(classes), initials(name))


@register.simple_tag
def avatar(who: object, size: str = "", away: bool = False) -> SafeString:
    """Draw the face of anything with `pk`, `name` and perhaps `kind`; of nobody for None."""
    if not who:
        return nobody(size)
    return face(who.name, who.pk or 0, team=getattr(who, "kind", "") == "team", away=away, size=size)


@register.simple_tag
def avatar_pair(absent: object, cover: object, size: str = "") -> SafeString:
    """Draw the one who is away, overlapped by the one who answers."""
    return format_html('<span class="av-pair">{}{}</span>', avatar(absent, size, away=True), avatar(cover, size))


def nobody(size: str = "") -> SafeString:
    """Draw the empty seat."""
    return format_html('<span class="av av-none{}" aria-hidden="true">?</span>', f" av-{size}" if size else "")
