"""What a profile may yield: one row for each line of its files, in the order in which they can be written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TypeAlias

from django.utils.translation import gettext_lazy as _

from crm.core.refusals import Refused


class BadRow(Refused):
    """A line that cannot be brought in; the sentence says why."""

    code = "bad_row"
    default_message = _("This line cannot be read.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a row comes from. `key` names it in its file; `notes` say what was read otherwise than written."""

    file: str
    line: int
    key: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedRow:
    """A line the profile could not read."""

    origin: Origin
    record: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRow:
    """A person who answers; `team` is the external id of the home team, "" for none."""

    origin: Origin
    external_id: str
    name: str
    email: str
    team: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamRow:
    """A team; `lead` is the external id of the person who leads it."""

    origin: Origin
    external_id: str
    name: str
    lead: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRow:
    """An organisation. Those of a level are written after those of the level above: parents first.

    What is empty says nothing: it is left as it is. `kind` counts only when it is opened.
    `poc` (an external id) answers for it on *general* since the day `since`, None: since the import.
    """

    origin: Origin
    external_id: str
    name: str
    level: int = 0
    parent: str = ""
    kind: str = ""
    industry: str = ""
    street: str = ""
    postal_code: str = ""
    city: str = ""
    region: str = ""
    country: str = ""
    poc: str = ""
    since: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactRow:
    """A person outside, at the account with the external id `account`. Numbers as they are written."""

    origin: Origin
    external_id: str
    name: str
    account: str
    position: str = ""
    phones: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionRow:
    """A touch with an account on a day, through `poc`; external ids name account, contact ("": nobody) and `poc`."""

    origin: Origin
    external_id: str
    account: str
    poc: str
    on: date
    purpose: str
    note: str
    contact: str = ""
    is_inbound: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class TouchRow:
    """A touch with an account on a day; `external_id` names it and the day, so another day is another touch."""

    external_id: str
    on: date
    purpose: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUpRow:
    """Something to do, so many working days after `on`; None: after the day of import."""

    title: str
    on: date | None
    working_days: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectRow:
    """A piece of work for an account, what happened, and what is to follow. External ids name account and `poc`."""

    origin: Origin
    external_id: str
    name: str
    account: str
    phase: str
    poc: str
    starts_on: date | None = None
    ends_on: date | None = None
    touches: Sequence[TouchRow] = field(default_factory=tuple)
    follow_up: FollowUpRow | None = None


Row: TypeAlias = RefusedRow | PersonRow | TeamRow | AccountRow | ContactRow | InteractionRow | ProjectRow
