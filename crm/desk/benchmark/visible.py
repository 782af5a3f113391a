"""The newest 50 touches in the API: for one who sees all, for a team, for reps with few and many accounts."""

from __future__ import annotations

import json
from collections.abc import Generator
from typing import Any

from crm.desk.benchmark.door import Reader
from crm.desk.benchmark.firm import ALL, FEW, MANY, TEAM, BigFirm
from crm.desk.benchmark.measure import Budget, Case, Work, fetch, fetch_dicts
from crm.poc.visibility import visible_homes

ADDRESS = "/api/v1/interactions/?size=50"
NARROWED = {TEAM: "a team", FEW: "a rep with 3 accounts", MANY: "a rep with 150 accounts"}
NEWEST = """
    SELECT i.id, i.direction, i.occurred_at, i.logged_at, i.seconds, i.caller, i.note, i.is_touch, i.via, i.client_key,
        i.withdrawn_at, i.source, i.external_id, i.poc_why, i.account_id, i.contact_id, i.project_id, i.touch_point_id,
        (SELECT code FROM dossiers_channel WHERE id = i.channel_id) AS channel,
        (SELECT code FROM dossiers_purpose WHERE id = i.purpose_id) AS purpose,
        (SELECT code FROM dossiers_outcome WHERE id = i.outcome_id) AS outcome,
        (SELECT code FROM dossiers_topic WHERE id = i.topic_id) AS topic,
        (SELECT title FROM dossiers_dossier WHERE id = i.account_id) AS account,
        (SELECT title FROM dossiers_dossier WHERE id = i.contact_id) AS contact,
        (SELECT title FROM dossiers_dossier WHERE id = i.project_id) AS project,
        (SELECT title FROM dossiers_dossier WHERE id = i.touch_point_id) AS touch_point,
        poc.id AS poc_id, poc.name AS poc, poc.kind, poc.email, poc.phone, i.logged_by_id,
        (SELECT name FROM users_user WHERE id = i.logged_by_id) AS logged_by
    FROM interactions_interaction i JOIN poc_pointofcontact poc ON poc.id = i.poc_id
    WHERE i.withdrawn_at IS NULL AND {seen}
    ORDER BY i.occurred_at DESC, i.id DESC LIMIT 51"""


def cases(firm: BigFirm) -> Generator[Case]:
    everything = Reader(firm, ALL)
    whole = everything.listed(ADDRESS)
    yield Case("visible: one who sees all", whole, newest(None), Budget(ratio=4))
    for place, called in NARROWED.items():
        reader = Reader(firm, place)
        homes = visible_homes(reader.user)
        budget = Budget(over_other=0.035, other="one who sees all")
        yield Case(
            f"visible: {called} ({len(homes or ()):,} accounts)",
            reader.listed(ADDRESS),
            newest(homes),
            budget,
            other=whole,
        )


def newest(homes: list[int] | None) -> Work:
    """Return the same rows from plain SQL, as JSON, their reasons named too; whose homes they are is known already."""
    seen, params = ("true", []) if homes is None else ("i.home_id = ANY(%s)", [homes])
    sql = NEWEST.format(seen=seen)

    def work() -> int:
        rows = fetch_dicts(sql, params)
        for row in rows:
            row["poc_why"] = json.loads(row["poc_why"])  # Django leaves documents to its fields
        reasons = [reason for row in rows for reason in row["poc_why"]]
        titles = _named("SELECT id, title FROM dossiers_dossier WHERE id = ANY(%s)", "dossier_id", reasons)
        names = _named("SELECT id, name FROM poc_pointofcontact WHERE id = ANY(%s)", "poc_id", reasons)
        for reason in reasons:
            reason["record"] = titles.get(reason.get("dossier_id"))
            reason["poc"] = names.get(reason.get("poc_id"))
        return len(json.dumps(rows, default=str))

    return work


def _named(sql: str, key: str, reasons: list[dict[str, Any]]) -> dict[Any, str]:
    return dict(fetch(sql, [list({reason[key] for reason in reasons if key in reason})]))
