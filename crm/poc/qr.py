"""A text as a QR code: one path of an SVG, without any style."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import qrcode
from qrcode.constants import ERROR_CORRECT_M

QUIET = 4  # modules of white around it; ISO/IEC 18004


def matrix(text: str) -> list[list[bool]]:
    """Return its modules row by row, dark is true, the white around it included."""
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=QUIET)
    code.add_data(text)
    return [list(row) for row in code.get_matrix()]


def path(rows: Sequence[Sequence[bool]]) -> str:
    """Draw the dark modules: a bar per run, in units of a module."""
    return "".join(_bars(y, row) for y, row in enumerate(rows))


def svg(text: str, *, title: str) -> str:
    """Return the picture as a file of its own; `title` is what it is called, in plain text."""
    rows = matrix(text)
    wide, name = len(rows), title.replace("&", "&amp;").replace("<", "&lt;")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {wide}" shape-rendering="crispEdges">'
        f'<title>{name}</title><path fill="#fff" d="M0 0h{wide}v{wide}H0z"/><path d="{path(rows)}"/></svg>\n'
    )


def _bars(y: int, row: Sequence[bool]) -> str:
    bars, x = "", 0
    for dark, run in groupby(row):
        length = len(list(run))
        bars += f"M{x} {y}h{length}v1h-{length}z" if dark else ""
        x += length
    return bars
