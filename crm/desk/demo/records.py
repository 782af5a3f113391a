"""Accounts, contacts and projects, and who answers for them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from accounts.actions import open_account
from accounts.models import Account
from contacts.actions import NewContact, open_contacts
from crm.core.actor import Actor
from crm.core.text import search_key
from crm.desk.demo.humans import HUMANS, Human
from crm.desk.demo.jobs import CHANGED_HANDS, JOBS, Job
from crm.desk.demo.organisations import ORGANISATIONS, Organisation
from crm.desk.demo.stage import Stage, given
from crm.dossiers.models import Dossier
from crm.handovers.actions import Change, assign, assign_many
from projects.actions import add_stakeholder, open_project

TITLES = re.compile(r"^(dr|dra|prof|ing|pater)\.? ")
PLANNED_BEFORE = 14  # days a project is opened before it starts


def open_accounts(stage: Stage) -> None:
    """Open the accounts, parents first, with who answered then and who does now."""
    for org in ORGANISATIONS:
        at = stage.ago(org.since)
        by = stage.by("matteo" if org.country in ("IT", "DE", "LV") else "teresa")
        stage.accounts[org.key] = _account(stage, org, by, at)
        first = {(key, topic): old for key, topic, old, _new, _days, _why in CHANGED_HANDS}
        answers = {
            topic: (first.get((org.key, topic), keys[0]), *keys[1:]) for topic, keys in org.answers.items() if keys
        }
        _assign(stage, stage.accounts[org.key].dossier, answers, by, at)
    for key, topic, _old, new, days, why in CHANGED_HANDS:
        assign(
            dossier=stage.accounts[key].dossier, topic=stage.topics[topic], poc=stage.pocs[new], reason=why,
            by=stage.by("teresa"), at=stage.ago(days),
        )  # fmt: skip


def _account(stage: Stage, org: Organisation, by: Actor, at: datetime) -> Account:
    return open_account(
        name=org.name,
        parent=stage.accounts[org.parent] if org.parent else None,
        tier=stage.tiers.get(org.tier),
        by=by,
        at=at,
        **given(
            kind=org.kind, country=org.country, city=org.city, industry=org.industry, street=org.street,
            postal_code=org.postal_code, language=org.language, website=f"https://{org.key}.example/",
            renewal_on=stage.today + timedelta(days=org.renewal) if org.renewal else None,
        ),
    )  # fmt: skip


def _assign(stage: Stage, dossier: Dossier, answers: Mapping[str, Sequence[str]], by: Actor, at: datetime) -> None:
    changes = [
        Change(dossier, stage.topics[topic], stage.pocs[key], rank)
        for topic, keys in answers.items()
        for rank, key in enumerate(keys)
    ]
    if changes:
        assign_many(changes=changes, reason="", by=by, at=at, tell=False)


def meet_contacts(stage: Stage) -> None:
    """Open the contacts, those of an account with it."""
    for key in dict.fromkeys(human.account for human in HUMANS):
        humans = [human for human in HUMANS if human.account == key]
        since = next((org.since for org in ORGANISATIONS if org.key == key), 200)
        new = [_contact(stage, human) for human in humans]
        opened = open_contacts(contacts=new, by=stage.by("giulia"), at=stage.ago(since - 1))
        stage.contacts |= {human.name: contact for human, contact in zip(humans, opened, strict=True)}


def _contact(stage: Stage, human: Human) -> NewContact:
    org = next((org for org in ORGANISATIONS if org.key == human.account), None)
    language = "ru" if human.email else org.language if org else ""
    return NewContact(
        name=human.name,
        account=stage.accounts.get(human.account),
        tier=stage.tiers.get(human.tier),
        emails=[f"{human.email or _local_part(human.name)}@{human.account or 'post'}.example"],
        phones=[human.phone] if human.phone else [],
        roles=[stage.roles[code] for code in human.roles.split()],
        fields=given(position=human.position, language=language, preferred_channel=stage.channels.get(human.channel)),
    )


def _local_part(name: str) -> str:
    words = TITLES.sub("", search_key(name)).replace("ß", "ss").split()
    return f"{words[0]}.{words[-1]}"


def begin_projects(stage: Stage) -> None:
    """Open the projects, with who answers and who has a part in them."""
    for job in JOBS:
        account = stage.accounts[job.account]
        opened = stage.ago(PLANNED_BEFORE - min(0, job.starts or 0))
        by = stage.by("rodrigo" if account.country.code in ("ES", "PT") else "annika")
        project = open_project(
            name=job.name, account=account, by=by, at=opened, phase=job.phase, description=job.description,
            **given(starts_on=_on(stage, job.starts), ends_on=_on(stage, job.ends)),
        )  # fmt: skip
        stage.projects[job.name] = project
        _assign(stage, project.dossier, job.answers, by, opened)
        _stakeholders(stage, job, by, opened)


def _on(stage: Stage, days: int | None) -> object:
    return None if days is None else stage.today + timedelta(days=days)


def _stakeholders(stage: Stage, job: Job, by: Actor, at: datetime) -> None:
    for name, (role, influence) in job.people.items():
        add_stakeholder(
            project=stage.projects[job.name], contact=stage.contacts[name], role=stage.roles[role],
            influence=influence, by=by, at=at,
        )  # fmt: skip
