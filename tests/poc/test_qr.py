"""QR codes as one path of an SVG."""

import re
from xml.etree import ElementTree

import qrcode

from crm.poc import qr
from tests.inline import inline_code

TEXT = "https://crm.example/s/dGhpcyBpcyBhIHNlY3JldCBvZiAyNTYgYml0cyBpbmRlZWQ/"
BAR = re.compile(r"M(\d+) (\d+)h(\d+)v1h-(\d+)z")


def drawn(path, size):
    """The modules a path makes dark."""
    rows = [[False] * size for _y in range(size)]
    for x, y, width, back in BAR.findall(path):
        assert width == back
        for n in range(int(width)):
            rows[int(y)][int(x) + n] = True
    assert BAR.sub("", path) == ""
    return rows


def test_what_is_drawn_is_the_code_itself_with_the_white_it_needs():
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=0)
    code.add_data(TEXT)
    own = code.get_matrix()
    found = drawn(qr.path(qr.matrix(TEXT)), len(own) + 2 * qr.QUIET)
    assert [row[qr.QUIET : -qr.QUIET] for row in found[qr.QUIET : -qr.QUIET]] == own
    border = found[: qr.QUIET] + found[-qr.QUIET :] + [row[: qr.QUIET] + row[-qr.QUIET :] for row in found]
    assert not any(any(row) for row in border)


def test_the_file_is_an_svg_without_any_style_named_in_plain_text():
    picture = qr.svg(TEXT, title="Ann <Keller> & Sons")
    root = ElementTree.fromstring(picture)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.find("{*}title").text == "Ann <Keller> & Sons"
    assert inline_code(picture) == []
    assert TEXT not in picture
