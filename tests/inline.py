"""What a page under the strict content security policy may not hold."""

import re

INLINE = re.compile(
    r"""<script(?![^>]*\ssrc=)[^>]*>"""  # a script without a file
    r"""|<style\b[^>]*>"""
    r"""|<[a-z][^>]*?\s(?:style|on[a-z]+)\s*=[^>]*>"""
    r"""|javascript:"""
    r"""|(?:src|href)=["'](?:https?:)?//(?!\w+\.w3\.org)[^"']*["']""",  # from outside
    re.IGNORECASE,
)
DATA = re.compile(r"""<script[^>]*\stype=["']application/(?:ld\+)?json["'][^>]*>""", re.IGNORECASE)


def inline_code(html: str) -> list[str]:
    """Return each piece of script, style or outside address that stands in the page itself, shortened."""
    found = (match.group()[:120] for match in INLINE.finditer(html))
    return [piece for piece in found if not DATA.match(piece)]
