"""Cards as files: what is written is read again the same, by vobject and by a strict reader of RFC 6350."""

import re
from datetime import UTC, datetime

import pytest
import vobject
from hypothesis import given
from hypothesis import strategies as st

from crm.core.text import printable
from crm.poc import vcard
from crm.poc.vcard import Contact

AT = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
ANN = Contact(
    key="https://crm.example/pocs/7/", name="Ann Keller", firm="Hallberg, Mess; GmbH", phone="030 5550 1480 ext. 12",
    country="DE", email="ann@hallberg.example", languages="de, English, Klingon", zone="Europe/Berlin",
    url="https://crm.example/s/abc/",
)  # fmt: skip
TEAM = Contact(key="team", name="Team AR", is_team=True, firm="Hallberg")

PARAMETER = (
    r';[A-Za-z0-9-]+=(?:"[^"\x00-\x1f\x7f]*"|[^";:,\x00-\x1f\x7f]*)(?:,(?:"[^"\x00-\x1f\x7f]*"|[^";:,\x00-\x1f\x7f]*))*'
)
LINE = re.compile(rf"([A-Za-z0-9-]+)((?:{PARAMETER})*):(.*)", re.DOTALL)
AT_MOST_ONCE = {"N", "KIND", "UID", "REV", "VERSION"}
TEXT = {"FN", "N", "ORG", "EMAIL", "TZ", "KIND"}


def read_strictly(text):
    """Return the properties of one vCard 4.0 as (name, parameters, value); refuse whatever RFC 6350 does."""
    assert text.endswith("\r\n")
    physical = text[:-2].split("\r\n")
    assert all(len(line.encode()) <= 75 for line in physical)
    assert not any(c in line for line in physical for c in "\r\n")
    found = []
    for line in "\r\n".join(physical).replace("\r\n ", "").split("\r\n"):
        match = LINE.fullmatch(line)
        assert match, line
        found.append((match[1], match[2], match[3]))
    names = [name for name, _parameters, _value in found]
    assert (names[0], names[1], names[-1]) == ("BEGIN", "VERSION", "END")
    assert names.count("FN") == 1
    assert all(names.count(name) <= 1 for name in AT_MOST_ONCE)
    for name, _parameters, value in found:
        if name in TEXT:
            assert re.fullmatch(r"(?:[^\\]|\\[\\,;nN])*", value, re.DOTALL), value
            assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", value)
    return found


def plain(value):
    return re.sub(r"\\(.)", lambda m: "\n" if m[1] in "nN" else m[1], value, flags=re.DOTALL)


def parts(value):
    """The components of a structured value."""
    return [plain(part) for part in re.split(r"(?<!\\)(?:\\\\)*;", value)]


def value_of(found, name):
    return next(value for own, _parameters, value in found if own == name)


def test_a_person_in_version_4():
    found = read_strictly(vcard.write(ANN, at=AT))
    assert value_of(found, "VERSION") == "4.0"
    assert value_of(found, "N") == "Keller;Ann;;;"
    assert plain(value_of(found, "ORG")) == "Hallberg, Mess; GmbH"
    assert ("TEL", ";TYPE=work,voice;VALUE=uri", "tel:+49-30-55501480;ext=12") in found
    assert [value for name, _p, value in found if name == "LANG"] == ["de", "en"]
    assert value_of(found, "KIND") == "individual"
    assert value_of(found, "TZ") == "Europe/Berlin"
    assert value_of(found, "URL") == "https://crm.example/s/abc/"
    assert value_of(found, "REV") == "20260304T120000Z"


def test_a_person_in_version_3_as_telephones_and_outlook_like_it():
    card = vobject.readOne(vcard.write(ANN, at=AT, version="3.0"))
    assert card.version.value == "3.0"
    assert (card.n.value.given, card.n.value.family) == ("Ann", "Keller")
    assert card.org.value == ["Hallberg, Mess; GmbH"]
    assert (card.tel.value, card.tel.params["TYPE"]) == ("030 5550 1480 ext. 12", ["WORK", "VOICE"])
    assert card.email.params["TYPE"] == ["INTERNET", "WORK"]
    assert card.tz.params["VALUE"] == ["text"]
    assert "kind" not in card.contents and "lang" not in card.contents  # not yet known to it


def test_a_team_is_a_group_with_one_name():
    found = read_strictly(vcard.write(TEAM, at=AT))
    assert value_of(found, "KIND") == "group"
    assert value_of(found, "N") == "Team AR;;;;"
    assert parts(value_of(found, "ORG")) == ["Hallberg", "Team AR"]


def test_it_stays_the_same_contact_whenever_and_in_whatever_version_it_is_written():
    later = AT.replace(year=2027)
    cards = [vobject.readOne(vcard.write(ANN, at=at, version=v)) for at in (AT, later) for v in vcard.VERSIONS]
    assert len({card.uid.value for card in cards}) == 1
    assert cards[0].uid.value.startswith("urn:uuid:")
    assert cards[0].uid.value != vobject.readOne(vcard.write(TEAM, at=AT)).uid.value


def test_a_number_that_cannot_be_dialled_from_anywhere_stays_as_it_was_written():
    found = read_strictly(vcard.write(Contact(key="a", name="Ann", phone="ask for Ann, ext; 12"), at=AT))
    assert ("TEL", ";TYPE=work,voice", r"ask for Ann\, ext\; 12") in found


names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=120).filter(lambda t: printable(t))
awkward = st.sampled_from([
    "Ann, Keller; Sons", "back\\slash\\n", "two\nlines\r\nthree", "😀" * 30, "ü" * 74, "a" * 200, "\u2028x", ";;;", ",",
])  # fmt: skip


@given(name=names | awkward, firm=names | awkward, version=st.sampled_from(vcard.VERSIONS), is_team=st.booleans())
def test_whatever_a_name_holds_is_read_again_the_same(name, firm, version, is_team):
    contact = Contact(key="x", name=name, firm=firm, is_team=is_team, email="a@b.example")
    text = vcard.write(contact, at=AT, version=version)
    found = read_strictly(text)
    assert plain(value_of(found, "FN")) == printable(name)
    if version == "3.0":
        card = vobject.readOne(text)
        assert card.fn.value == printable(name)
        assert card.org.value[0] == printable(firm)


def test_several_cards_lie_in_one_file():
    text = vcard.write_all([ANN, TEAM], at=AT)
    assert [card.fn.value for card in vobject.readComponents(text)] == ["Ann Keller", "Team AR"]


def test_the_little_for_a_picture_holds_name_firm_and_reach():
    card = vobject.readOne(vcard.compact(ANN))
    assert (card.fn.value, card.tel.value, card.email.value) == (ANN.name, ANN.phone, ANN.email)
    assert len(vcard.compact(ANN)) < 250


@pytest.mark.parametrize(
    ("name", "file"),
    [("João Pereira", "joao-pereira.vcf"), ("../../etc", "etc.vcf"), ("Павел", "contact.vcf"), ('a"\r\nb', "a-b.vcf")],
)
def test_the_files_name_is_plain(name, file):
    assert vcard.file_name(name) == file


@pytest.mark.parametrize(("asked", "given_"), [("3.0", "3.0"), ("4.0", "4.0"), ("", "4.0"), ("2.1", "4.0")])
def test_other_versions_are_the_newest(asked, given_):
    assert vcard.version_of(asked) == given_
