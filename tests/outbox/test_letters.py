"""Which addresses a mail can go to, and that a mail is the same bytes each time."""

from email import message_from_bytes, policy
from uuid import UUID

import pytest

from crm.outbox import letters
from tests.factories.outbox import MessageFactory


@pytest.mark.parametrize(
    ("address", "is_one"),
    [
        ("ann@firm.example", True),
        ("a..b+tag@mail.firm.example", True),
        ("o'neil@firm.example", True),
        ("", False),
        ("ann", False),
        ("ann@", False),
        ("ann lima@firm.example", False),
        ("ann@firm.example\r\nBcc: all@firm.example", False),
        ("<ann@firm.example>", False),
        ("ann@firm.example, ben@firm.example", False),
        ("jürgen@firm.example", False),
    ],
)
def test_only_plain_addresses_are_mailed(address, is_one):
    assert letters.is_address(address) is is_one


@pytest.mark.django_db
@pytest.mark.parametrize("sender", ["Liaison <crm@firm.example>", "crm@firm.example"])
def test_a_letter_is_the_same_bytes_each_time_and_no_line_is_too_long(settings, sender):
    settings.DEFAULT_FROM_EMAIL = sender
    message = MessageFactory(msgid=UUID(int=1))
    letter = letters.Letter("Über\nuns " * 30, "é" * 5000, f"<p>{'é' * 5000}</p>", "de")
    content = letters.to_bytes(message, letter)
    assert content == letters.to_bytes(message, letter)
    assert content.isascii()
    assert all(len(line) <= 998 for line in content.split(b"\r\n"))  # RFC 5321
    assert b"\nuns" not in content.replace(b"\r\n ", b"")


@pytest.mark.django_db
def test_further_headers_stay_in_one_piece_and_break_nothing(settings):
    settings.DEFAULT_FROM_EMAIL = "crm@firm.example"
    address = f"<https://crm.firm.example/o/{'x' * 200}/>"
    headers = {"List-Unsubscribe": address, "X-Odd": "a\r\nBcc: all@firm.example", "X-No": "é", "X-Long": "x" * 999}
    letter = letters.Letter("News", "Hello", thread="c12", headers=headers)
    content = letters.to_bytes(MessageFactory(msgid=UUID(int=1)), letter)
    assert f"\r\nList-Unsubscribe: {address}\r\n".encode() in b"\r\n" + content
    mail = message_from_bytes(content, policy=policy.default)
    assert (mail["References"], mail["In-Reply-To"]) == ("<c12@firm.example>", "<c12@firm.example>")
    assert (mail["Bcc"], mail["X-No"], mail["X-Long"]) == (None, None, None)
    assert mail.get_content().strip() == "Hello"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "way"),
    [
        ("Plain\n.dot\n  indented  \n", "7bit"),
        ("A long line " * 100, "quoted-printable"),
        ("Müller, a line that is rather long and has a trailing \n=3D\n" * 20, "quoted-printable"),
        ("日本語" * 300, "base64"),
    ],
)
@pytest.mark.parametrize("subject", ["Call Ms Lima", "Call " * 40, "Über uns " * 20, "日本" * 40, "a\x07b"])
def test_whatever_is_written_is_read_as_it_was_meant(text, way, subject):
    letter = letters.Letter(subject, text, f"<p>{text}</p>", "de")
    content = letters.to_bytes(MessageFactory(msgid=UUID(int=1), address="ann@firm.example"), letter)
    mail = message_from_bytes(content, policy=policy.default)
    plain, html = mail.iter_parts()
    assert (plain.get_content().splitlines(), plain["Content-Transfer-Encoding"]) == (text.splitlines(), way)
    assert html.get_content().splitlines() == f"<p>{text}</p>".splitlines()
    assert (mail["Subject"], mail["To"], mail["Content-Language"]) == (subject.strip(), "ann@firm.example", "de")
    assert not mail.defects
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert max(map(len, content.split(b"\r\n"))) <= 998
