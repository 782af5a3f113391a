"""With whom a thing owed is, and what was said last on its record: for the mails about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db.models import BigIntegerField, Count, F, Max, OuterRef, Q, Subquery
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce
from django.utils.text import Truncator

from contacts.models import Contact, first_phone
from contacts.phones import readable
from crm.commitments.mail.background import NOTHING, Background
from crm.commitments.models import Commitment
from crm.commitments.telling.wording import moment
from crm.dossiers import sentences
from crm.dossiers.changes import word
from crm.dossiers.models import Dossier, Event
from interactions.models import Interaction

MAX_NOTE = 280  # characters of what was said, in a mail


def of(commitments: Sequence[Commitment]) -> dict[int, Background]:
    """Return what is known about each. Three queries of the few columns that are said: there are many mails."""
    rows = {row["pk"]: row for row in _rows(commitments)}
    contact_ids = {pk for row in rows.values() for pk in (row["contact"], row["first_contact"])} - {None}
    contact_ids |= {c.dossier_id for c in commitments if c.dossier.kind == Dossier.Kind.CONTACT}
    contacts = {row["pk"]: row for row in _contacts(contact_ids)}
    touches = {row["pk"]: row for row in _touches(row["last"] for row in rows.values())}
    return {c.pk: _background(c, rows[c.pk], contacts, touches) if c.pk in rows else NOTHING for c in commitments}


def _rows(commitments: Sequence[Commitment]) -> Any:
    """The follow-up of each, its firm, whom the touch was with for which it is owed, and the last touch.

    That touch is the one its event names, else the one that was logged with it, where no other was.
    """
    d = OuterRef("dossier_id")
    at_home = Interaction.objects.current().filter(home=OuterRef("home_id"))
    on_record = at_home.filter(Q(dossier=d) | Q(account=d) | Q(contact=d) | Q(project=d))
    owed_for = at_home.filter(pk=_named_by_event(OuterRef(OuterRef("pk"))), contact__isnull=False)
    logged_with = at_home.filter(dossier=d, logged_at=OuterRef("opened_at"), contact__isnull=False)
    the_only_one = logged_with.values("dossier").annotate(one=Max("contact"), n=Count("pk")).filter(n=1)
    return Commitment.objects.filter(pk__one_of=[c.pk for c in commitments]).values(
        "pk",
        contact=F("follow_up__contact"),
        text=F("follow_up__text"),
        place=F("follow_up__place"),
        account=F("home__title"),
        account_kind=F("home__kind"),
        account_zone=F("home__account__zone"),
        first_contact=Coalesce(
            Subquery(owed_for.values("contact")), Subquery(the_only_one.values("one")), output_field=BigIntegerField()
        ),
        last=Subquery(on_record.order_by("-occurred_at", "-pk").values("pk")[:1]),
    )


def _named_by_event(pk: OuterRef) -> Subquery:
    """The touch that the opening of a thing owed names, where it does."""
    opened = Event.objects.filter(
        kind=Event.Kind.OWED, touched__dossier=OuterRef(OuterRef("dossier_id")),
        touched__happened_at=OuterRef(OuterRef("opened_at")),
    )  # fmt: skip
    of_it = opened.alias(about=Cast(KT("facts__commitment"), BigIntegerField())).filter(about=pk)
    return Subquery(of_it.values(touch=Cast(KT("facts__interaction"), BigIntegerField()))[:1])


def _contacts(ids: Iterable[int]) -> Any:
    rows = Contact.objects.filter(pk__one_of=list(ids)).with_roles()
    return rows.values("pk", "zone", "role_names", name=F("dossier__title"), phone=first_phone("pk"))


def _touches(ids: Iterable[int | None]) -> Any:
    rows = Interaction.objects.filter(pk__one_of=[pk for pk in ids if pk is not None])
    return rows.values(
        "pk", "direction", "is_touch", "caller", "occurred_at", "note",
        verb=F("channel__verb"), outcome_name=F("outcome__name"), user=F("logged_by__name"),
        contact_name=F("contact__dossier__title"), account_name=F("account__dossier__title"),
        record=F("dossier__title"),
    )  # fmt: skip


def _background(
    c: Commitment,
    row: Mapping[str, Any],
    contacts: Mapping[int, Mapping[str, Any]],
    touches: Mapping[int, Mapping[str, Any]],
) -> Background:
    is_contact = c.dossier.kind == Dossier.Kind.CONTACT
    contact = contacts.get(row["contact"] or (c.dossier_id if is_contact else row["first_contact"]), {})
    last = touches.get(row["last"])
    is_of_a_firm = row["account_kind"] == Dossier.Kind.ACCOUNT and c.dossier_id != c.home_id
    return Background(
        account=row["account"] if is_of_a_firm else "",
        contact="" if is_contact else contact.get("name", ""),
        contact_id=None if is_contact else contact.get("pk"),
        roles=tuple(word(name) for name in contact.get("role_names", ())),
        phone=readable(contact.get("phone", "")),
        zone=contact.get("zone") or row["account_zone"] or "",
        text=row["text"] or "",
        place=row["place"] or "",
        last=_said(last) if last else "",
        note=Truncator(" ".join(last["note"].split())).chars(MAX_NOTE) if last else "",
    )


def _said(touch: Mapping[str, Any]) -> str:
    """Ann called Ms Lima, Mon 2 Mar, 13:02: left a message."""
    them = touch["contact_name"] or touch["caller"] or touch["account_name"]
    what = sentences.touch(touch, {"contact": them, "user": touch["user"]}, touch["record"])
    said = f"{what}, {moment(touch['occurred_at'])}"
    return f"{said}: {word(touch['outcome_name']).lower()}" if touch["outcome_name"] else said
