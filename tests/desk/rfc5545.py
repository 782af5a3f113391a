"""A strict reader of iCalendar files, written from RFC 5545 alone: it refuses whatever a lenient one forgives."""

import re
from dataclasses import dataclass, field
from typing import NamedTuple

NAME = r"[A-Za-z0-9-]+"
PARAM = rf'{NAME}=(?:"[^"\x00-\x08\x0a-\x1f\x7f]*"|[^"\x00-\x08\x0a-\x1f\x7f;:,]*)'
LINE = re.compile(rf"({NAME})((?:;{PARAM})*):([^\x00-\x08\x0a-\x1f\x7f]*)")
TEXT = re.compile(r"(?:[^\\;,]|\\[\\;,nN])*")
MOMENT = re.compile(r"\d{8}T\d{6}Z")
DAY = re.compile(r"\d{8}")
TEXTS = {"SUMMARY", "DESCRIPTION", "UID", "STATUS", "TRANSP", "NAME", "X-WR-CALNAME", "PRODID", "VERSION", "TZID"}
ESCAPES = {"n": "\n", "N": "\n"}
ONCE = {
    "VCALENDAR": {"PRODID", "VERSION", "CALSCALE", "METHOD", "REFRESH-INTERVAL"},
    "VEVENT": {
        "UID", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY", "DESCRIPTION", "SEQUENCE", "LAST-MODIFIED", "STATUS",
        "TRANSP", "URL",
    },
}  # fmt: skip
NEEDED = {
    "VCALENDAR": {"PRODID", "VERSION"},
    "VEVENT": {"UID", "DTSTAMP", "DTSTART"},
    "VTIMEZONE": {"TZID"},
    "STANDARD": {"DTSTART", "TZOFFSETFROM", "TZOFFSETTO"},
}


class Property(NamedTuple):
    params: str
    value: str  # of texts: as it was meant


@dataclass
class Component:
    name: str
    properties: dict[str, list[Property]] = field(default_factory=dict)
    parts: list["Component"] = field(default_factory=list)

    def __getitem__(self, name: str) -> str:
        [only] = self.properties[name]
        return only.value


def read(content: bytes) -> Component:
    """Return the calendar a file is; whatever is wrong with it is an assertion's error."""
    open_parts: list[Component] = []
    done: Component | None = None
    for line in _unfolded(content):
        match = LINE.fullmatch(line)
        assert match, f"no content line: {line!r}"
        name, params, value = match[1].upper(), match[2], match[3]
        if name == "BEGIN":
            assert done is None, "something after the calendar"
            open_parts.append(Component(value))
        elif name == "END":
            done = _ended(open_parts, value)
        else:
            open_parts[-1].properties.setdefault(name, []).append(Property(params, _value(name, params, value)))
    assert done is not None and not open_parts
    assert done.name == "VCALENDAR" and done.parts, "a calendar holds at least one component (3.6)"
    return done


def _unfolded(content: bytes) -> list[str]:
    assert content.endswith(b"\r\n")
    lines = content.split(b"\r\n")[:-1]
    for line in lines:
        assert b"\r" not in line and b"\n" not in line
        assert 0 < len(line) <= 75, line
        line.decode()  # no character is torn apart
    return content.decode().replace("\r\n ", "").split("\r\n")[:-1]


def _ended(open_parts: list[Component], name: str) -> Component | None:
    part = open_parts.pop()
    assert part.name == name
    _refuse_missing(part)
    if open_parts:
        open_parts[-1].parts.append(part)
        return None
    return part


def _refuse_missing(part: Component) -> None:
    assert NEEDED.get(part.name, set()) <= set(part.properties), part
    for name in ONCE.get(part.name, ()):
        assert len(part.properties.get(name, [])) <= 1, name
    if part.name == "VCALENDAR":
        assert part["VERSION"] == "2.0"
    if part.name == "VEVENT":
        [starts], [ends] = part.properties["DTSTART"], part.properties["DTEND"]
        assert starts.params == ends.params and starts.value < ends.value
        assert part["SEQUENCE"].isdigit()
        assert part["STATUS"] in {"TENTATIVE", "CONFIRMED", "CANCELLED"}


def _value(name: str, params: str, value: str) -> str:
    if name in {"DTSTAMP", "LAST-MODIFIED"} or (name in {"DTSTART", "DTEND"} and "Z" in value):
        assert MOMENT.fullmatch(value) and params == ""
    elif name in {"DTSTART", "DTEND"} and params:
        assert DAY.fullmatch(value) and params == ";VALUE=DATE"
    elif name in TEXTS:
        assert TEXT.fullmatch(value), f"not escaped: {value!r}"
        return re.sub(r"\\(.)", lambda escaped: ESCAPES.get(escaped[1], escaped[1]), value)
    return value
