"""The firm behind a log: its locations are accounts, its callers contacts, its groups teams, its resolvers people."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from accounts.actions import NewAccount, open_accounts
from accounts.models import Account
from contacts.actions import NewContact, open_contacts
from contacts.models import Contact
from crm.core.actor import Actor
from crm.core.working_time import ALL_DAY
from crm.desk.replay.fit import WEEKDAYS
from crm.desk.replay.log import Incident
from crm.dossiers.models import Channel, Dossier, Firm, Outcome, Purpose, Topic
from crm.handovers.actions import Change, assign_many
from crm.poc.actions import NewPoc, change_poc, open_pocs
from crm.poc.hours import change_calendar
from crm.poc.models import PointOfContact, WorkingCalendar
from interactions.doors import open_touch_point
from interactions.models import TouchPoint

DOMAIN = "replay.invalid"  # RFC 2606: no mail ever arrives there
Kind = PointOfContact.Kind


@dataclass(frozen=True, slots=True)
class Words:
    """The house's words that touches are logged with."""

    topic: Topic
    purpose: Purpose
    channels: Mapping[str, Channel]
    answered: Mapping[str, Outcome]  # by the channel's code; a channel may have none
    solved: Mapping[str, Outcome]


@dataclass(frozen=True, slots=True)
class Staff:
    """Who an incident's names stand for: everything a replay refers to."""

    accounts: Mapping[str, Account]
    contacts: Mapping[str, Contact]
    teams: Mapping[str, PointOfContact]
    answering: Mapping[int, int]  # an account's id → that of the team that answers for it
    doors: Mapping[str, TouchPoint]  # by the channel's code
    words: Words

    def contact(self, incident: Incident) -> Contact | None:
        return self.contacts.get(incident.caller)

    def account(self, incident: Incident) -> Account:
        """The account of an incident: its caller's, else its location's."""
        contact = self.contact(incident)
        return contact.account if contact and contact.account else self.accounts[incident.location]

    def dossier(self, incident: Incident) -> Dossier:
        return (self.contact(incident) or self.account(incident)).dossier


def found(incidents: Sequence[Incident], *, week: str, by: Actor, at: datetime) -> Staff:
    """Set the house up and open everybody the log names; constant queries a thousand."""
    _set_up(week, by, at)
    words = _words(incidents)
    accounts = _accounts(incidents, by, at)
    teams = _teams(incidents, by, at)
    answering = _answering(incidents)
    changes = [Change(accounts[place].dossier, words.topic, teams[group]) for place, group in answering.items()]
    assign_many(changes=changes, reason="", by=by, at=at, tell=False)
    return Staff(
        accounts=accounts,
        contacts=_contacts(incidents, accounts, by, at),
        teams=teams,
        answering={accounts[place].pk: teams[group].pk for place, group in answering.items()},
        doors=_doors(words.channels, by, at),
        words=words,
    )


def _set_up(week: str, by: Actor, at: datetime) -> None:
    """Open the house in the hours that the log counts in, in the zone its moments are read in."""
    days = range(5 if week == WEEKDAYS else 7)
    house = WorkingCalendar.objects.get(is_default=True)
    change_calendar(calendar=house, zone="UTC", week=dict.fromkeys(days, ALL_DAY), by=by, at=at)
    Firm.objects.update(name=_("Replay"), zone="UTC", set_up_at=at)
    desk = PointOfContact.objects.house().get()
    change_poc(poc=desk, email=f"front-desk@{DOMAIN}", delivery=PointOfContact.Delivery.MAILBOX, by=by, at=at)


def _words(incidents: Iterable[Incident]) -> Words:
    codes = {incident.channel for incident in incidents}
    channels = {channel.code: channel for channel in Channel.objects.filter(code__in=codes)}
    return Words(
        topic=Topic.objects.get(code=Topic.GENERAL),
        purpose=Purpose.objects.get(code="problem"),
        channels=channels,
        answered=_outcomes(codes, is_final=False),
        solved=_outcomes(codes, is_final=True),
    )


def _outcomes(codes: Iterable[str], *, is_final: bool) -> dict[str, Outcome]:
    """Return the first outcome of each channel after which an answer is kept, or nothing more is owed."""
    rows = Outcome.objects.filter(keeps_promise=True, is_final=is_final).order_by("position", "pk")
    found = {code: rows.for_channel(code).first() for code in codes}
    return {code: outcome for code, outcome in found.items() if outcome}


def _accounts(incidents: Iterable[Incident], by: Actor, at: datetime) -> dict[str, Account]:
    places = list(dict.fromkeys(incident.location for incident in incidents))
    new = [NewAccount(place or _("No location given")) for place in places]
    return dict(zip(places, open_accounts(accounts=new, by=by, at=at), strict=True))


def _contacts(
    incidents: Iterable[Incident], accounts: Mapping[str, Account], by: Actor, at: datetime
) -> dict[str, Contact]:
    """Open each caller where they are first seen; whoever moves about keeps that account."""
    first: dict[str, str] = {}
    for incident in incidents:
        if incident.caller and not first.get(incident.caller):
            first[incident.caller] = incident.location
    new = [NewContact(caller, accounts[place]) for caller, place in first.items()]
    return dict(zip(first, open_contacts(contacts=new, by=by, at=at), strict=True))


def _teams(incidents: Iterable[Incident], by: Actor, at: datetime) -> dict[str, PointOfContact]:
    """Open a team with a shared mailbox for each group, its people at home where they work most; one of them leads."""
    in_group = _people(incidents)
    groups = list(in_group)
    teams = dict(zip(groups, open_pocs(pocs=[_team(group) for group in groups], by=by, at=at), strict=True))
    home: dict[str, str] = {}
    for person in dict.fromkeys(name for names in in_group.values() for name in names):
        home[person] = max(groups, key=lambda group: (in_group[group][person], -groups.index(group)))
    for group in set(groups) - set(home.values()):  # a team in which nobody is does not answer
        home[_("%(group)s: nobody is named") % {"group": group}] = group
    people = [
        NewPoc(Kind.PERSON, name, {"home_team": teams[group], "email": _address(name)}) for name, group in home.items()
    ]
    opened = dict(zip(home, open_pocs(pocs=people, by=by, at=at), strict=True))
    for group, team in teams.items():
        there = [name for name, team_of in home.items() if team_of == group]
        lead = max(there, key=lambda name: in_group[group][name])
        teams[group] = change_poc(poc=team, lead=opened[lead], by=by, at=at)
    return teams


def _team(group: str) -> NewPoc:
    return NewPoc(Kind.TEAM, group, {"email": _address(group), "delivery": PointOfContact.Delivery.MAILBOX})


def _people(incidents: Iterable[Incident]) -> dict[str, Counter[str]]:
    """Count how often each group's incidents were in whose hands."""
    in_group: dict[str, Counter[str]] = defaultdict(Counter)
    for incident in incidents:
        for change in incident.changes:
            if change.group:
                in_group[change.group][change.assignee] += 1
    for names in in_group.values():
        names.pop("", None)
    return in_group


def _answering(incidents: Iterable[Incident]) -> dict[str, str]:
    """Return which group answers for each location: the one that most of its incidents went to first."""
    first: dict[str, Counter[str]] = defaultdict(Counter)
    for incident in incidents:
        group = next((change.group for change in incident.changes if change.group), "")
        if group:
            first[incident.location][group] += 1
    return {place: groups.most_common(1)[0][0] for place, groups in first.items()}


def _doors(channels: Mapping[str, Channel], by: Actor, at: datetime) -> dict[str, TouchPoint]:
    return {
        code: open_touch_point(
            name=_("Help desk: %(channel)s") % {"channel": channel.label}, channel=channel, by=by, at=at
        )
        for code, channel in channels.items()
    }


def _address(name: str) -> str:
    """An address of its own that nothing is ever sent to."""
    return f"{''.join(c if c.isascii() and c.isalnum() else '-' for c in name.lower())[:60]}@{DOMAIN}"
