"""What an event says, in the reader's language: from its facts and, where they still stand, the names in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from crm.core.actor import Source
from crm.dossiers.changes import Personal, Thing, changes_of, moment, word
from crm.dossiers.models import Channel, Event

SHORT = 80  # characters of a change on a timeline
PRIMARY = 0  # the rank of the one who answers


@dataclass(frozen=True, slots=True)
class Told:
    """How one event is shown: see `crm.dossiers.timeline.Entry`."""

    title: str
    icon: str = ""
    tone: str = "dot"
    tag: str = ""
    note: str = ""
    meta: Sequence[str] = field(default_factory=list)


def tell(event: Event, personal: Personal, own: Thing) -> Told:
    """Say what happened. `personal` may have been blanked; `own` is what it lies on."""
    say = _SAY.get(event.kind, _plain)
    return say(event, personal, own)


def who(event: Event, personal: Personal) -> str:
    """Name whoever acted, or whose mailbox did; "" where the product itself did."""
    return event.actor.name if event.actor else str(personal.get("actor") or "")


def _plain(event: Event, personal: Personal, own: Thing) -> Told:
    """Any kind without a sentence of its own."""
    title = event.get_kind_display()
    return Told(title[:1].upper() + title[1:], note=str(personal.get("note", "")))


# --- Touches ---------------------------------------------------------------------------------------------------------


def _logged(event: Event, personal: Personal, own: Thing) -> Told:
    facts = event.facts
    inbound = facts.get("direction") == "in"
    tone = ("bad" if facts.get("is_bad") else "in") if inbound else "out"
    meta = [_way(facts), word(facts.get("outcome", "")), _promised(facts, personal)]
    return Told(
        title=touch(facts, personal, own.title),
        icon=facts.get("icon", "chat"),
        tone=tone,
        tag=word(facts.get("purpose", "")),
        note=str(personal.get("note", "")),
        meta=[part for part in meta if part],
    )


def touch(facts: Mapping[str, Any], personal: Personal, title: str) -> str:
    """Say who was in touch with whom; `title` is what it lies on, for a touch with nobody by name."""
    inbound = facts.get("direction") == "in"
    names = {"them": personal.get("contact") or title, "us": personal.get("user") or _("we")}
    if not facts.get("is_touch", True):
        return (_("%(them)s tried to reach us") if inbound else _("%(us)s tried to reach %(them)s")) % names
    verb = facts.get("verb", Channel.Verb.WRITE)
    if verb == Channel.Verb.MEET:
        return _("%(us)s met %(them)s") % names
    if verb == Channel.Verb.CALL:
        return (_("%(them)s called %(us)s") if inbound else _("%(us)s called %(them)s")) % names
    return (_("%(them)s wrote to %(us)s") if inbound else _("%(us)s wrote to %(them)s")) % names


def _withdrawn(event: Event, personal: Personal, own: Thing) -> Told:
    values = {"user": event.actor.name if event.actor else _("Liaison"), "them": personal.get("contact") or own.title}
    return Told(_("%(user)s took back what was logged with %(them)s") % values, icon="undo")


def _way(facts: Mapping[str, Any]) -> str:
    """Inbound, 6 min."""
    way = _("Inbound") if facts.get("direction") == "in" else _("Outbound")
    if facts.get("verb") == Channel.Verb.MEET:
        way = word(facts.get("channel", ""))
    minutes = round((facts.get("seconds") or 0) / 60)
    return f"{way}, {_('%(minutes)s min') % {'minutes': minutes}}" if minutes else way


def _promised(facts: Mapping[str, Any], personal: Personal) -> str:
    if not facts.get("promised"):
        return ""
    values = {"what": personal.get("promised", ""), "moment": moment(facts["promised"])}
    if not values["what"]:
        return _("Promised by %(moment)s") % values
    return _("Promised: %(what)s, by %(moment)s") % values


# --- Who answers -----------------------------------------------------------------------------------------------------


def _assigned(event: Event, personal: Personal, own: Thing) -> Told:
    facts = event.facts
    values = {
        "topic": word(facts.get("topic", "")).lower(),
        "new": personal.get("poc") or _("somebody"),
        "old": personal.get("was") or _("somebody"),
    }
    backup = facts.get("rank", PRIMARY) != PRIMARY
    if facts.get("was"):
        title = _("Backup about %(topic)s: %(old)s → %(new)s") if backup else _("About %(topic)s: %(old)s → %(new)s")
    else:
        title = _("Backup about %(topic)s: %(new)s") if backup else _("About %(topic)s: %(new)s answers")
    begins = parse_datetime(facts.get("from") or "")
    planned = begins is not None and begins > event.happened_at
    meta = [_("from %(moment)s") % {"moment": moment(facts["from"])}] if planned else []
    return Told(title % values, icon="card", note=facts.get("reason", ""), meta=meta)


def _unassigned(event: Event, personal: Personal, own: Thing) -> Told:
    facts = event.facts
    values = {"topic": word(facts.get("topic", "")).lower(), "old": personal.get("poc") or _("somebody")}
    if facts.get("rank", PRIMARY) != PRIMARY:
        title = _("No longer backup about %(topic)s: %(old)s") % values
        return Told(title, icon="card", note=facts.get("reason", ""))
    title = _("%(old)s no longer answers about %(topic)s") % values
    return Told(title, icon="alert", note=facts.get("reason", ""))


def _absent(event: Event, personal: Personal, own: Thing) -> Told:
    """Somebody was entered as away, that changed, or it ended early."""
    facts, changes = event.facts, event.facts.get("changes") or {}
    values = {"name": personal.get("poc") or own.title, "cover": personal.get("cover") or ""}
    values |= {"from": moment(facts.get("from", "")), "until": moment(facts.get("until", ""))}
    meta = [_("About %(topic)s") % {"topic": word(facts["topic"]).lower()}] if facts.get("topic") else []
    if values["cover"]:
        meta.append(_("Covered by %(cover)s") % values)
    if event.kind == Event.Kind.ABSENCE_ENDED:
        was = facts.get("until") == facts.get("from")
        title = _("%(name)s will not be away") if was else _("%(name)s is back")
        return Told(title % values, icon="person")
    if "ends_at" in changes:
        old, new = map(moment, changes["ends_at"])
        meta.append(_("until %(old)s → %(new)s") % {"old": old, "new": new})
    return Told(_("%(name)s is away from %(from)s until %(until)s") % values, icon="person", meta=meta)


def _handed_over(event: Event, personal: Personal, own: Thing) -> Told:
    """One step of a handover, from the proposal to the decision."""
    values = {key: personal.get(key) or _("somebody") for key in ("giver", "receiver")}
    return Told(_HANDOVER[event.kind]() % values, icon="swap", note=str(personal.get("reason") or ""))


_HANDOVER: dict[str, Callable[[], str]] = {
    Event.Kind.HANDOVER_PROPOSED: lambda: _("To be handed over by %(giver)s, it is proposed"),
    Event.Kind.HANDOVER_OFFERED: lambda: _("%(giver)s offers to hand over to %(receiver)s"),
    Event.Kind.HANDOVER_ACCEPTED: lambda: _("%(receiver)s has taken over from %(giver)s"),
    Event.Kind.HANDOVER_DECLINED: lambda: _("%(receiver)s declined the handover, %(giver)s goes on answering"),
    Event.Kind.HANDOVER_WITHDRAWN: lambda: _("The handover was withdrawn, %(giver)s goes on answering"),
}


def _left(event: Event, personal: Personal, own: Thing) -> Told:
    """Somebody no longer answers; or does again, as if nothing had been."""
    values = {"name": personal.get("name") or own.title, "others": ", ".join(personal.get("to") or ())}
    if event.kind == Event.Kind.STAYED:
        return Told(_("%(name)s stays: leaving was undone") % values, icon="undo")
    title = _("%(name)s left; %(others)s took over") if values["others"] else _("%(name)s left")
    return Told(title % values, icon="close", note=str(event.facts.get("reason", "")))


def _shared(event: Event, personal: Personal, own: Thing) -> Told:
    """A page for somebody outside, of one card or of who to contact; or one's own calendar."""
    values = {
        "user": event.actor.name if event.actor else _("Liaison"),
        "poc": personal.get("poc") or "",
        "moment": moment(event.facts.get("until") or ""),
    }
    if event.facts.get("what") == "feed":
        return Told(_feed_said(event) % values, icon="calendar")
    is_card = event.facts.get("what") == "card"
    if event.kind == Event.Kind.UNSHARED:
        title = _("%(user)s took a page back that showed %(poc)s") if is_card else _("%(user)s took a shared page back")
        return Told(title % values, icon="link", note=str(personal.get("label") or ""))
    title = (
        _("%(user)s shared the card of %(poc)s, until %(moment)s")
        if is_card
        else _("%(user)s shared who to contact, until %(moment)s")
    )
    return Told(title % values, icon="link", note=str(personal.get("label") or ""))


def _feed_said(event: Event) -> str:
    if event.kind == Event.Kind.UNSHARED:
        return _("%(user)s ended the calendar link of %(poc)s")
    return _("%(user)s made a calendar link for %(poc)s, until %(moment)s")


# --- The record itself -----------------------------------------------------------------------------------------------


def _created(event: Event, personal: Personal, own: Thing) -> Told:
    values = {"user": event.actor.name if event.actor else "", "name": own.title}
    if event.source == Source.IMPORT:
        return Told(_("%(name)s was imported") % values, icon="plus")
    title = _("%(user)s opened %(name)s") if values["user"] else _("%(name)s was opened")
    return Told(title % values, icon="plus")


def _archived(event: Event, personal: Personal, own: Thing) -> Told:
    values = {"user": event.actor.name if event.actor else "", "name": own.title}
    title = _("%(user)s archived %(name)s") if values["user"] else _("%(name)s was archived")
    return Told(title % values, icon="close", note=str(event.facts.get("reason", "")))


def _restored(event: Event, personal: Personal, own: Thing) -> Told:
    values = {"user": event.actor.name if event.actor else "", "name": own.title}
    title = _("%(user)s restored %(name)s") if values["user"] else _("%(name)s was restored")
    return Told(title % values, icon="undo")


def _merged(event: Event, personal: Personal, own: Thing) -> Told:
    """Two accounts became one, or two again; what has changed in between stayed."""
    kept, merged = event.facts.get("names") or (own.title, _("somebody"))
    values = {"user": event.actor.name if event.actor else _("Liaison"), "kept": kept, "merged": merged}
    if event.kind == Event.Kind.MERGED:
        return Told(_("%(user)s merged %(merged)s into %(kept)s") % values, icon="firm")
    return Told(_("%(user)s undid the merge of %(merged)s into %(kept)s") % values, icon="undo")


def _changed(event: Event, personal: Personal, own: Thing) -> Told:
    if "employer" in event.facts:
        return _employer(personal)
    if event.facts.get("corrected"):
        return _corrected(event, personal, own)
    changes = changes_of(event, personal, own)
    if not changes:
        return _plain(event, personal, own)
    title = " · ".join(f"{c.label}: {_arrow(c.old, c.new)}" for c in changes)
    return Told(title, icon="edit")


def _corrected(event: Event, personal: Personal, own: Thing) -> Told:
    """What was logged says something else now; long notes are read on the touch's own page."""
    values = {"user": event.actor.name if event.actor else _("Liaison"), "them": personal.get("contact") or own.title}
    changes = changes_of(event, personal, Thing.logged(own.title))
    meta = [Truncator(f"{c.label}: {_arrow(c.old, c.new)}").chars(SHORT) for c in changes]
    return Told(_("%(user)s corrected what was logged with %(them)s") % values, icon="edit", meta=meta)


def _employer(personal: Personal) -> Told:
    """A contact went from one account to another; either may be none."""
    values = {
        "contact": personal.get("contact") or _("somebody"),
        "old": personal.get("old"),
        "new": personal.get("new"),
    }
    if not values["new"]:
        return Told(_("%(contact)s is no longer at %(old)s") % values, icon="person")
    if not values["old"]:
        return Told(_("%(contact)s is at %(new)s now") % values, icon="person")
    return Told(_("%(contact)s went from %(old)s to %(new)s") % values, icon="person")


def _arrow(old: str, new: str) -> str:
    """Say old → new; what was empty, or is now, is left out."""
    if not old:
        return new or "–"
    return f"{old} → {new or '–'}"


# --- What is owed ----------------------------------------------------------------------------------------------------


def _owed(event: Event, personal: Personal, own: Thing) -> Told:
    """What was promised, or what became of it."""
    facts = event.facts
    values = {
        "what": personal.get("title") or _("something"),
        "user": who(event, personal) or _("Liaison"),
        "poc": personal.get("poc") or "",
        "was": personal.get("was") or _("somebody"),
        "moment": moment(facts.get("until") or facts.get("due_at") or ""),
    }
    tone, icon, say = _OWED[event.kind]
    if not values["poc"] and event.kind in _OWED_BY_WHOEVER_ANSWERS:
        say = _OWED_BY_WHOEVER_ANSWERS[event.kind]
    if event.kind == Event.Kind.KEPT and facts.get("again"):
        values["moment"], say = moment(facts["again"]), _done_and_again
    if event.kind == Event.Kind.OWED and facts.get("kind") == "touch":
        say = _in_touch_by
    meta = [_("By a link in a mail")] if event.source == Source.MAIL else []
    note = str(facts.get("reason") or personal.get("reason") or "")
    return Told(say() % values, icon=icon, tone=tone, note=note, meta=meta)


def _in_touch_by() -> str:
    return _("To be in touch again by %(moment)s")


_OWED: dict[str, tuple[str, str, Callable[[], str]]] = {
    Event.Kind.OWED: ("dot", "clock", lambda: _("Promised by %(moment)s: %(what)s")),
    Event.Kind.ACKNOWLEDGED: ("dot", "check", lambda: _("%(user)s has taken it on: %(what)s")),
    Event.Kind.SNOOZED: ("dot", "snooze", lambda: _("%(user)s put it off until %(moment)s: %(what)s")),
    Event.Kind.WAITING: ("dot", "wait", lambda: _("%(user)s waits for the customer: %(what)s")),
    Event.Kind.RESUMED: ("dot", "clock", lambda: _("No longer waiting, due %(moment)s: %(what)s")),
    Event.Kind.REDUE: ("dot", "clock", lambda: _("Due %(moment)s now: %(what)s")),
    Event.Kind.REASSIGNED: ("dot", "card", lambda: _("Given to %(poc)s: %(what)s")),
    Event.Kind.KEPT: ("dot", "check", lambda: _("%(user)s has done it: %(what)s")),
    Event.Kind.REOPENED: ("dot", "clock", lambda: _("Owed again: %(what)s")),
    Event.Kind.CANCELLED: ("dot", "close", lambda: _("%(user)s cancelled it: %(what)s")),
    Event.Kind.PASSED_ON: ("dot", "swap", lambda: _("%(user)s passed it on to %(poc)s: %(what)s")),
    Event.Kind.RETURNED: ("dot", "check", lambda: _("%(was)s has solved it: %(what)s")),
    Event.Kind.ESCALATED: ("bad", "escalate", lambda: _("Escalated to %(poc)s: %(what)s")),
    Event.Kind.RELEASED: ("dot", "clock", lambda: _("%(user)s had its reminders go on: %(what)s")),
}


def _done_and_again() -> str:
    return _("%(user)s has done it, again due %(moment)s: %(what)s")


_OWED_BY_WHOEVER_ANSWERS: dict[str, Callable[[], str]] = {
    Event.Kind.REASSIGNED: lambda: _("Given to whoever answers: %(what)s"),
    Event.Kind.ESCALATED: lambda: _("Escalated: %(what)s"),
}

_SAY: Mapping[str, Callable[[Event, Personal, Thing], Told]] = (
    {
        Event.Kind.LOGGED: _logged,
        Event.Kind.WITHDRAWN: _withdrawn,
        Event.Kind.ASSIGNED: _assigned,
        Event.Kind.UNASSIGNED: _unassigned,
        Event.Kind.ABSENCE_SET: _absent,
        Event.Kind.ABSENCE_ENDED: _absent,
        Event.Kind.SHARED: _shared,
        Event.Kind.UNSHARED: _shared,
        Event.Kind.CREATED: _created,
        Event.Kind.CHANGED: _changed,
        Event.Kind.ARCHIVED: _archived,
        Event.Kind.RESTORED: _restored,
        Event.Kind.MERGED: _merged,
        Event.Kind.UNMERGED: _merged,
        Event.Kind.LEFT: _left,
        Event.Kind.STAYED: _left,
    }
    | dict.fromkeys(_OWED, _owed)
    | dict.fromkeys(_HANDOVER, _handed_over)
)
