"""Who is on the line: records by letters of a name, by any digits of a number, by an e-mail address.

Whoever is signed in may find any record's name and who answers for it; more is told only to
those who may see the record.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Case, IntegerField, Q, Value, When

from contacts.models import ContactEmail, ContactPhone
from crm.core.text import digits, search_key
from crm.dossiers.models import Dossier, DossierQuerySet
from crm.poc.seats import Seat, answering
from crm.poc.visibility import visible_homes
from crm.users.models import User

FOUND = 8  # offered at a time
LEAST_LETTERS = 2
LEAST_DIGITS = 3
MOST_BY_ADDRESS = 200  # contacts looked at for one number or address
KINDS = (Dossier.Kind.CONTACT, Dossier.Kind.ACCOUNT, Dossier.Kind.PROJECT)


@dataclass(frozen=True, slots=True)
class Match:
    """One record found. Outside the reader's view only its name and who answers (`seat`) are told."""

    dossier: Dossier
    is_visible: bool
    firm: str = ""  # the account's name
    reached_by: str = ""  # the number or address that matched
    seat: Seat | None = None


@dataclass(frozen=True, slots=True)
class Typed:
    """What somebody typed, as it is looked up."""

    words: tuple[str, ...]
    number: str  # digits without leading zeros; "" when there are too few
    address: str

    @classmethod
    def of(cls, text: str) -> Typed:
        text = " ".join(text[:200].replace("\0", "").split())
        key = search_key(text)
        letters = sum(c.isalpha() for c in key)
        number = digits(text).lstrip("0")
        dialled = len(number) >= LEAST_DIGITS and letters == 0
        return cls(
            words=tuple(key.split()) if letters >= LEAST_LETTERS and "@" not in text else (),
            number=number if dialled else "",
            address=text.lower() if "@" in text else "",
        )


def looks_like_address(text: str) -> bool:
    """True of what a stranger is reached by: a number or an e-mail address, not a name."""
    return "@" in text or (len(digits(text)) >= LEAST_DIGITS and not any(c.isalpha() for c in text))


def find(text: str, *, user: User, at: datetime, limit: int = FOUND) -> list[Match]:
    """Return what `text` may mean, what the reader may see first. A constant number of queries."""
    typed = Typed.of(text)
    reached = by_address(typed)
    seen, unseen = records(typed, reached, user=user, limit=limit)
    return [*(_seen(d, reached) for d in seen), *_unseen(unseen, at)]


def records(
    typed: Typed, reached: dict[int, str], *, user: User, limit: int, kinds: Iterable[str] = KINDS
) -> tuple[list[Dossier], list[Dossier]]:
    """Return the records that match, best first: those the reader may see, and then others. Two queries."""
    rows = _rows(typed, reached, kinds)
    if rows is None:
        return [], []
    homes = visible_homes(user)
    seen = list(rows.within(homes)[:limit])
    unseen: list[Dossier] = []
    if homes is not None and len(seen) < limit:
        unseen = list(rows.exclude(home__one_of=homes)[: limit - len(seen)])
    return seen, unseen


def _rows(typed: Typed, reached: dict[int, str], kinds: Iterable[str]) -> DossierQuerySet | None:
    """The records that match, best first; None where nothing was asked."""
    if not typed.words and not reached:
        return None
    named = Q(pk__one_of=list(reached)) if reached else Q()
    for word in typed.words:
        named &= Q(title_key__contains=word)
    rows = Dossier.objects.current().filter(named, kind__in=list(kinds)).select_related("parent")
    begins = Q(title_key__startswith=" ".join(typed.words)) if typed.words else Q(kind=Dossier.Kind.CONTACT)
    rank = Case(When(begins, then=Value(0)), default=Value(1), output_field=IntegerField())
    return rows.order_by(rank, "kind", "title_key", "pk")  # firms before their people and projects


def by_address(typed: Typed) -> dict[int, str]:
    """Contacts with such a number or address. One query."""
    if typed.number:
        held = Q(digits__contains=typed.number) | Q(e164__contains=typed.number)
        numbers = ContactPhone.objects.filter(held).order_by("contact_id", "position")
        return dict(reversed(list(numbers.values_list("contact_id", "number")[:MOST_BY_ADDRESS])))
    if typed.address:
        addresses = ContactEmail.objects.filter(address_key__contains=typed.address).order_by("contact_id", "position")
        return dict(reversed(list(addresses.values_list("contact_id", "address")[:MOST_BY_ADDRESS])))
    return {}


def _seen(dossier: Dossier, reached: dict[int, str]) -> Match:
    return Match(
        dossier, True, firm=dossier.parent.title if dossier.parent else "", reached_by=reached.get(dossier.pk, "")
    )


def _unseen(dossiers: Iterable[Dossier], at: datetime) -> list[Match]:
    """Records outside the reader's view: their names and who answers."""
    dossiers = list(dossiers)
    if not dossiers:
        return []
    seats = answering([d.pk for d in dossiers], at=at)
    return [Match(dossier, False, seat=seats[dossier.pk]) for dossier in dossiers]
