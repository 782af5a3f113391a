"""People and teams who answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from crm.desk.imports.report import Result, Verdict
from crm.desk.imports.rows import PersonRow, TeamRow
from crm.desk.imports.target import Target, differing, refuse_long, said
from crm.poc.actions import NewPoc, change_poc, open_pocs
from crm.poc.models import PointOfContact

Kind = PointOfContact.Kind


def write_people(rows: Sequence[PersonRow], target: Target) -> list[Verdict]:
    """Open people, or change their names, addresses and home teams."""
    teams = target.known(PointOfContact.objects.teams(), [row.team for row in rows])
    wanted = {row.external_id: {"name": row.name, "email": row.email, "home_team": teams.get(row.team)} for row in rows}
    return _write(Kind.PERSON, rows, wanted, _("person"), target)


def write_teams(rows: Sequence[TeamRow], target: Target) -> list[Verdict]:
    """Open teams, or change their names and leads."""
    leads = target.known(PointOfContact.objects.people(), [row.lead for row in rows])
    wanted = {row.external_id: {"name": row.name, "lead": leads.get(row.lead)} for row in rows}
    return _write(Kind.TEAM, rows, wanted, _("team"), target)


def _write(
    kind: str, rows: Sequence[PersonRow] | Sequence[TeamRow], wanted: dict[str, dict[str, Any]], record: str,
    target: Target,
) -> list[Verdict]:  # fmt: skip
    known = target.known(PointOfContact.objects.select_related("home_team", "lead"), wanted)
    new, verdicts = [], []
    for row in rows:
        fields = wanted[row.external_id]
        refuse_long(PointOfContact, name=row.name, external_id=row.external_id)
        poc = known.get(row.external_id)
        if poc is None:
            own = {"source": target.source, "external_id": row.external_id} | fields
            new.append(NewPoc(kind, own.pop("name"), own))
            verdicts.append(Verdict(row.origin, record, Result.CREATED))
        elif changes := differing(poc, fields):
            change_poc(poc=poc, by=target.by, at=target.at, **{name: value for name, (_old, value) in changes.items()})
            verdicts.append(Verdict(row.origin, record, Result.UPDATED, "; ".join(said(changes))))
        else:
            verdicts.append(Verdict(row.origin, record, Result.UNCHANGED))
    open_pocs(pocs=new, by=target.by, at=target.at)
    return verdicts
