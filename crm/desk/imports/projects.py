"""Pieces of work, with who answers, what happened and what is to follow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import Account
from crm.commitments.actions import cancel
from crm.core.working_time import WorkingTime
from crm.desk.imports.report import Verdict
from crm.desk.imports.rows import BadRow, FollowUpRow, ProjectRow
from crm.desk.imports.target import MORNING, Target, Wanted, differing, let_answer, refuse_long, said
from crm.dossiers.models import Channel, Dossier, Purpose, Topic
from crm.poc.calendars import working_times
from crm.poc.models import PointOfContact
from interactions.corrections import withdraw
from interactions.follow_ups import NewFollowUp, Plan, plan_many
from interactions.history import PastTouch, log_many
from interactions.models import FollowUp, Interaction
from projects.actions import NewProject, change_project, open_projects
from projects.models import Project


@dataclass(frozen=True, slots=True)
class Found:
    """What the rows refer to, by external id, and what was imported of them before."""

    accounts: Mapping[str, Account]
    pocs: Mapping[str, PointOfContact]
    projects: Mapping[str, Project]
    touches: Mapping[str, Interaction]  # of these projects, also those the rows do not name any more
    follow_ups: Mapping[str, FollowUp]


def write(rows: Sequence[ProjectRow], target: Target) -> list[Verdict]:
    """Open projects or change them; log what happened and plan what follows where that is new."""
    found = _find(rows, target)
    for row in rows:
        _refuse(row, found, target)
    new = [row for row in rows if row.external_id not in found.projects]
    opened = open_projects(projects=[_new(row, found, target) for row in new], by=target.by, at=target.at)
    there = {**found.projects} | {row.external_id: project for row, project in zip(new, opened, strict=True)}
    changed = {pk: _change(row, found, target) for row in rows if (pk := row.external_id) in found.projects}
    answering = let_answer([_wanted(row, there[row.external_id], found, target) for row in rows], target)
    for row, what in (*_log(rows, there, found, target), *_plan(rows, there, found, target)):
        changed.get(row.external_id, []).append(what)
    return [
        answering.verdict(row.origin, _("project"), there[row.external_id].pk, changed.get(row.external_id))
        for row in rows
    ]


def _find(rows: Sequence[ProjectRow], target: Target) -> Found:
    projects = target.known(
        Project.objects.select_related("dossier__tier", "account__dossier"), [row.external_id for row in rows]
    )
    touches = Interaction.objects.filter(source=target.source, project__one_of=[p.pk for p in projects.values()])
    return Found(
        accounts=target.accounts([row.account for row in rows]),
        pocs=target.known(PointOfContact.objects.all(), [row.poc for row in rows]),
        projects=projects,
        touches={touch.external_id: touch for touch in touches},
        follow_ups=target.known(FollowUp.objects.select_related("commitment"), [row.external_id for row in rows]),
    )


def _refuse(row: ProjectRow, found: Found, target: Target) -> None:
    if row.account not in found.accounts:
        raise BadRow(_("Its account was not brought in: %(name)s.") % {"name": row.account})
    if row.poc not in found.pocs:
        raise BadRow(_("Who answers was not brought in: %(name)s.") % {"name": row.poc})
    refuse_long(Dossier, title=row.name)
    refuse_long(Project, external_id=row.external_id)
    for touch in row.touches:
        target.moment(touch.on)
        refuse_long(Interaction, external_id=touch.external_id)


def _fields(row: ProjectRow) -> dict[str, Any]:
    return {"phase": row.phase, "starts_on": row.starts_on, "ends_on": row.ends_on}


def _new(row: ProjectRow, found: Found, target: Target) -> NewProject:
    own = {"source": target.source, "external_id": row.external_id}
    return NewProject(row.name, found.accounts[row.account], fields=own | _fields(row))


def _change(row: ProjectRow, found: Found, target: Target) -> list[str]:
    """Change what differs; return what it was."""
    project, account = found.projects[row.external_id], found.accounts[row.account]
    changes = differing(project, _fields(row))
    moved = differing(project.dossier, {"title": row.name}) | differing(project, {"account": account})
    if changes or moved:
        change_project(
            project=project,
            name=row.name,
            account=account,
            tier=project.dossier.tier,
            by=target.by,
            at=target.at,
            **{name: new for name, (_old, new) in changes.items()},
        )
    return said(moved | changes)


def _wanted(row: ProjectRow, project: Project, found: Found, target: Target) -> Wanted:
    since = target.moment(row.starts_on, time(0)) if row.starts_on else None
    return Wanted(project.dossier, found.pocs[row.poc], since)


def _log(
    rows: Sequence[ProjectRow], there: Mapping[str, Project], found: Found, target: Target
) -> Iterator[tuple[ProjectRow, str]]:
    """Log the touches that are new, withdraw those that are not there any more; yield each row and what happened."""
    new = [(row, touch) for row in rows for touch in row.touches if touch.external_id not in found.touches]
    channel, general = Channel.objects.get(code="other"), Topic.objects.get(code=Topic.GENERAL)
    purposes = {purpose.code: purpose for purpose in Purpose.objects.all()}
    touches = [
        PastTouch(
            channel=channel, direction=Interaction.Direction.OUTBOUND, topic=general, project=there[row.external_id],
            purpose=purposes[touch.purpose], occurred_at=target.moment(touch.on), note=touch.note,
            source=target.source, external_id=touch.external_id,
        )
        for row, touch in new
    ]  # fmt: skip
    log_many(touches=touches, by=target.by, at=target.at)
    for row, touch in new:
        yield row, _("logged: %(note)s") % {"note": touch.note}
    named = {touch.external_id for row in rows for touch in row.touches}
    row_of = {there[row.external_id].pk: row for row in rows}
    for external_id, logged in found.touches.items():
        if external_id not in named and logged.withdrawn_at is None and logged.project_id:
            withdraw(interaction=logged, by=target.by, at=target.at)
            yield row_of[logged.project_id], _("withdrawn: %(note)s") % {"note": logged.note}


def _plan(
    rows: Sequence[ProjectRow], there: Mapping[str, Project], found: Found, target: Target
) -> Iterator[tuple[ProjectRow, str]]:
    """Plan what follows where nothing was planned, and cancel what the input owes no more."""
    new = [(row, row.follow_up) for row in rows if row.follow_up and row.external_id not in found.follow_ups]
    working = working_times({found.pocs[row.poc].pk for row, _follow_up in new}) if new else {}
    general = Topic.objects.get(code=Topic.GENERAL)
    plans = [
        Plan(
            NewFollowUp(due_at=_due(follow_up, working[found.pocs[row.poc].pk], target), title=follow_up.title),
            there[row.external_id].dossier,
            general,
            source=target.source,
            external_id=row.external_id,
        )
        for row, follow_up in new
    ]
    plan_many(plans=plans, by=target.by, at=target.at)
    for row, follow_up in new:
        yield row, _("planned: %(title)s") % {"title": follow_up.title}
    for row in rows:
        owed = found.follow_ups.get(row.external_id)
        if owed and row.follow_up is None and not owed.commitment.is_closed:
            cancel(commitment=owed.commitment, reason=target.reason, by=target.by, at=target.at)
            yield row, _("not owed any more: %(title)s") % {"title": owed.commitment.title}


def _due(follow_up: FollowUpRow, working: WorkingTime, target: Target) -> datetime:
    start = target.moment(follow_up.on, MORNING) if follow_up.on else target.at
    return working.add_days(start, follow_up.working_days)
