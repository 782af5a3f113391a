import pytest

from crm.core.text import digits, printable, search_key


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("  Cervejaria   Atlântico,\tS.A. ", "cervejaria atlantico, s.a."),
        ("Vereinigte Kühlhausbetriebe Straße", "vereinigte kuhlhausbetriebe strasse"),
        ("ＡＣＭＥ ﬁne", "acme fine"),
        ("Ёлка", "елка"),
        ("", ""),
    ],
)
def test_names_are_compared_without_case_accents_and_extra_spaces(text, key):
    assert search_key(text) == key


@pytest.mark.parametrize(
    ("number", "found"), [("+351 (21) 000-01.02", "351210000102"), ("ext. 12", "12"), ("٠١٢", "012"), ("none", "")]
)
def test_only_the_digits_of_a_number_are_looked_up(number, found):
    assert digits(number) == found


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("a\r\nb\rc\nd", "a\nb\nc\nd"),
        ("a\x0bb\x85c\u2028d\u2029e", "a\nb\nc\nd\ne"),
        ("a\x00\x07\tb\x7f", "ab"),
        (" é 🍷 \r\n", "é 🍷"),
    ],
)
def test_cards_and_calendars_hold_no_control_characters_and_one_end_of_a_line(text, kept):
    assert printable(text) == kept
