import pytest

from contacts.phones import e164, extension, readable


@pytest.mark.parametrize(
    ("number", "country", "read"),
    [
        ("+351 21 123 4567", "", "+351211234567"),
        ("00351 21 123 4567", "PT", "+351211234567"),
        ("21 123 4567", "pt", "+351211234567"),
        ("(02) 1234 5678", "IT", "+390212345678"),
        ("+1 (415) 555-2671 ext. 12", "", "+14155552671"),
        ("21 123 4567", "", ""),
        ("call me", "PT", ""),
        ("12", "PT", ""),
        ("+999 123", "", ""),
    ],
)
def test_a_number_is_read_in_e164_where_it_can_be(number, country, read):
    assert e164(number, country=country) == read


@pytest.mark.parametrize(("number", "found"), [("+1 415 555 2671 ext. 12", "12"), ("+1 415 555 2671", ""), ("x", "")])
def test_an_extension_is_kept(number, found):
    assert extension(number) == found


@pytest.mark.parametrize(
    ("number", "shown"),
    [("+351215550123", "+351 21 555 0123"), ("extension 12", "extension 12"), ("", ""), ("215550123", "215550123")],
)
def test_a_number_is_shown_as_people_write_it(number, shown):
    assert readable(number) == shown
