"""What follows when somebody leaves, one kind of thing at a time: each in constant queries, each says what it did.

Every function takes rows with whom they go to (None: nobody), writes, records what the rows'
own history has to say, and returns what it takes to undo it: ids, in the words of JSON.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from django.db.models import F

from crm.commitments.moving import move_many
from crm.core.actor import Actor
from crm.dossiers.actions import Happening, record_many
from crm.dossiers.models import Event
from crm.handovers.absences import entered
from crm.handovers.actions import assigned, forget_told, unassigned
from crm.handovers.held import grouped
from crm.outbox import bulk
from crm.poc.models import Absence, Assignment, Membership, PointOfContact

Pairs: TypeAlias = Sequence[tuple[Any, PointOfContact | None]]
Done: TypeAlias = list[list[Any]]
BATCH = 500


def switch_places(pairs: Pairs, *, reason: str, by: Actor, at: datetime) -> Done:
    """End these assignments at `at` and let the others hold the places as long as they would have.

    What was planned for later is withdrawn, and planned for whoever follows. Returns
    [ended, new or null, when it would have ended or null] each.
    """
    ended = [row for row, _to in pairs]
    until = {row.pk: row.ends_at for row in ended}
    made = [
        Assignment(
            dossier=row.dossier, topic=row.topic, poc=to, rank=row.rank, starts_at=max(at, row.starts_at),
            ends_at=row.ends_at, reason=reason, decided_by=by.user,
        )
        for row, to in pairs
        if to is not None
    ]  # fmt: skip
    begun = [row.pk for row in ended if row.starts_at <= at]
    ahead = [row.pk for row in ended if row.starts_at > at]
    Assignment.objects.filter(pk__one_of=begun).update(ends_at=at)
    Assignment.objects.filter(pk__one_of=ahead).update(ends_at=F("starts_at"))
    for row in ended:
        row.ends_at = max(at, row.starts_at)
    following = iter(Assignment.objects.bulk_create(made, batch_size=BATCH))
    new = {row.pk: next(following) if to is not None else None for row, to in pairs}
    record_many([_told(row, new[row.pk], reason, at) for row in ended], by=by, at=at)
    forget_told(ended, at)
    return [[row.pk, _pk(new[row.pk]), _text(until[row.pk])] for row in ended]


def _told(ended: Assignment, new: Assignment | None, reason: str, at: datetime) -> Happening:
    return assigned(new, ended, at) if new is not None else unassigned(ended, reason, at)


def move_owed(pairs: Pairs, *, reason: str, by: Actor, at: datetime) -> Done:
    """Give what is owed to the others; who takes it over is told once, of all of it, by the caller.

    What nobody was named for goes to whoever answers. Returns [commitment, to whom or null,
    whose it was, which generation it is in then] each.
    """
    whose = {row.pk: row.poc_id for row, _to in pairs}
    done: Done = []
    for to, rows in grouped(pairs).items():
        moved = move_many(commitments=rows, to=to, reason=reason, tell=to is None, by=by, at=at)
        done += [[c.pk, c.poc_id, whose[c.pk], c.generation] for c in moved]
    return done


def change_leads(pairs: Pairs, *, by: Actor, at: datetime) -> Done:
    """Let others lead these teams. Returns [team, who leads it now or null, who led it] each."""
    bulk.update(PointOfContact, ["lead_id"], [(team.pk, _pk(to)) for team, to in pairs])
    record_many([team_changed(team, "lead", team.lead, to, at) for team, to in pairs], by=by, at=at)
    return [[team.pk, _pk(to), team.lead_id] for team, to in pairs]


def join_teams(pairs: Pairs, *, by: Actor, at: datetime) -> Done:
    """Put people into teams. Returns [team, who joined] for those who were not in it."""
    there = set(Membership.objects.filter(team__one_of=[team.pk for team, _to in pairs]).values_list("team", "member"))
    joined = [(team, to) for team, to in pairs if to is not None and (team.pk, to.pk) not in there]
    Membership.objects.bulk_create([Membership(team=team, member=to) for team, to in joined])
    record_many([team_changed(team, "member", None, to, at) for team, to in joined], by=by, at=at)
    return [[team.pk, to.pk] for team, to in joined]


def leave_teams(poc: PointOfContact, *, besides: Collection[int], by: Actor, at: datetime) -> list[int]:
    """Take somebody out of all teams but `besides`, which end with them; return the teams left."""
    rows = Membership.objects.filter(member=poc, team__deactivated_at=None).exclude(team__in=besides)
    left = list(rows.select_related("team").order_by("team"))
    Membership.objects.filter(pk__one_of=[row.pk for row in left]).delete()
    record_many([team_changed(row.team, "member", poc, None, at) for row in left], by=by, at=at)
    return [row.team_id for row in left]


def change_covers(pairs: Pairs, *, by: Actor, at: datetime) -> Done:
    """Let others stand in, or nobody. An absence that runs ends, and goes on in a row of its own: what was, was.

    Returns [absence, the one that goes on or null, when it would have ended, who stands in now or null, who did] each.
    """
    whose = {row.pk: row.cover_id for row, _to in pairs}
    running = [(row, to) for row, to in pairs if row.starts_at < at]
    ahead = [(row, to) for row, to in pairs if row.starts_at >= at]
    ends = {row.pk: row.ends_at.isoformat() for row, _to in pairs}
    Absence.objects.filter(pk__one_of=[row.pk for row, _to in running]).update(ends_at=at, summed_up_at=at)
    new = Absence.objects.bulk_create(
        Absence(
            poc=row.poc, topic=row.topic, cover=to, starts_at=at, ends_at=row.ends_at, reason=row.reason,
            entered_by=by.user, summed_up_at=row.summed_up_at,
        )
        for row, to in running
    )  # fmt: skip
    bulk.update(Absence, ["cover_id"], [(row.pk, _pk(to)) for row, to in ahead])
    goes_on = dict(zip((row.pk for row, _to in running), new, strict=True))
    for row, to in ahead:
        row.cover = to
    counts_now = [*new, *(row for row, _to in ahead)]
    record_many([entered(row, at) for row in counts_now], by=by, at=at)
    return [[row.pk, _pk(goes_on.get(row.pk)), ends[row.pk], _pk(to), whose[row.pk]] for row, to in pairs]


def team_changed(
    team: PointOfContact, name: str, old: PointOfContact | None, new: PointOfContact | None, at: datetime
) -> Happening:
    """Old → new of a team's lead or member."""
    names = [str(old or ""), str(new or "")]
    own = {"lead": names} if name == "lead" else {}
    facts = {"kind": "poc", "poc": team.pk, "changes": own or {name: ["", ""]}}
    personal = {"name": team.name} | ({} if own else {"changes": {name: names}})
    return Happening(Event.Kind.CHANGED, [], at, facts, personal)


def _pk(row: Any) -> int | None:
    return row.pk if row is not None else None


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None
