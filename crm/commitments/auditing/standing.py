"""What is owed stands as it should: its state, its due moment, its next look; and the terms it is owed under."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection
from django.utils.translation import gettext_lazy as _

from crm.commitments.auditing import next_look, repairs
from crm.commitments.auditing.check import Check, Found, Scope, ask, part, sql

_NO_LOOK = f"""
SELECT 'c:' || c.id, c.state FROM commitments_commitment c
WHERE c.closed_at IS NULL AND c.next_action_at IS NULL AND c.state NOT IN ('kept', 'cancelled')
  AND {part("c", and_newest=False)}"""

_ODD_STATE = f"""
SELECT 'c:' || c.id, c.state FROM commitments_commitment c
WHERE {part("c", and_newest=False)} AND (
  (c.closed_at IS NULL AND c.state IN ('kept', 'cancelled'))
  OR (c.closed_at IS NOT NULL AND (c.state NOT IN ('kept', 'cancelled') OR c.next_action_at IS NOT NULL))
  OR (c.state = 'snoozed' AND c.hold_until IS NULL)
  OR (c.state = 'waiting' AND (c.waiting_since IS NULL OR c.remaining_seconds IS NULL)))"""

_QUARANTINED = """
SELECT 'c:' || c.id, CAST(c.quarantined_at AS text) FROM commitments_commitment c
WHERE c.quarantined_at IS NOT NULL AND c.closed_at IS NULL ORDER BY c.quarantined_at"""

_NO_STEPS = """
SELECT 'p:' || v.id, p.kind FROM commitments_policyversion v JOIN commitments_policy p ON p.id = v.policy_id
WHERE p.retired_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM commitments_policyversion w WHERE w.policy_id = p.id AND w.number > v.number)
  AND NOT EXISTS (SELECT 1 FROM commitments_step s WHERE s.version_id = v.id)"""

_NO_POLICY = """
SELECT 'k:' || d.kind, '' FROM (SELECT DISTINCT kind FROM commitments_policy) d
WHERE NOT EXISTS (
  SELECT 1 FROM commitments_policy p WHERE p.kind = d.kind AND p.retired_at IS NULL AND p.priority = ''
    AND p.purpose_id IS NULL AND p.tier_id IS NULL AND p.topic_id IS NULL AND p.channel_id IS NULL)"""

_NO_TOUCH = """
SELECT f.subject, f.detail FROM commitments_finding f
JOIN accounts_account a ON a.dossier_id = CAST(substr(f.subject, 3) AS bigint)
JOIN dossiers_dossier d ON d.id = a.dossier_id
JOIN dossiers_tier t ON t.id = d.tier_id
WHERE f.code = 'no_touch' AND f.ended_at IS NULL AND t.touch_every_days > 0 AND d.archived_at IS NULL
  AND NOT EXISTS (
    SELECT 1 FROM commitments_commitment c WHERE c.dossier_id = d.id AND c.kind = 'touch' AND c.closed_at IS NULL
      AND c.recur_every = t.touch_every_days AND c.recur_from >= COALESCE(a.last_touch_at, c.recur_from))"""

# Found by crm.commitments.planning.recount. It ends after a day, for that to try it again, or when it is kept.
_NOT_RECOUNTED = """
SELECT f.subject, f.detail FROM commitments_finding f
JOIN commitments_commitment c ON c.id = CAST(substr(f.subject, 3) AS bigint)
WHERE f.code = 'not_recounted' AND f.ended_at IS NULL AND f.found_at > %(since)s AND c.closed_at IS NULL"""

RAILS = (
    "commitment_open_iff_looked_at", "commitment_closed_has_a_moment", "notification_decided_once", "message_id_once",
    "message_ready_until_it_ended", "attempt_numbered_once",
)  # fmt: skip
_RAILS = {
    "postgresql": "SELECT conname FROM pg_constraint "
    "WHERE convalidated AND connamespace = current_schema()::regnamespace",
    "sqlite": "SELECT sql FROM sqlite_master WHERE sql LIKE '%%CONSTRAINT%%'",
}


def _rails(scope: Scope) -> list[Found]:
    """Return the constraints that the promises rest on, and that the database has no more."""
    said = " ".join(str(row[0]) for row in ask(_RAILS[connection.vendor], {"most": 10_000}))
    return [Found(f"d:{name}", name) for name in RAILS if name not in said]


CHECKS = [
    Check("no_look", _("Nobody would ever look at something owed"), sql(_NO_LOOK), repairs.look_now),
    Check("far_look", _("A next look was put off too far"), next_look.too_far, repairs.look_now),
    Check("due_moment", _("A due moment is not what its day, time and zone say"), next_look.off, repairs.due_as_said),
    Check("odd_state", _("A state contradicts itself"), sql(_ODD_STATE)),
    Check("quarantined", _("Something owed was set aside after errors"), sql(_QUARANTINED), is_told_already=True),
    Check("no_steps", _("A policy has no escalation steps"), sql(_NO_STEPS)),
    Check("no_policy", _("A kind of promise has no policy"), sql(_NO_POLICY)),
    # Found by who opens them, accounts.keeping_in_touch; here it is told, and seen when it is over.
    Check("no_touch", _("When to keep in touch could not be worked out"), sql(_NO_TOUCH), is_passing=True),
    Check(
        "not_recounted",
        _("A change of hours or steps could not be applied to something owed"),
        sql(_NOT_RECOUNTED, since=-timedelta(days=1)),
        is_passing=True,
    ),
    Check("no_rail", _("The database no longer refuses what it should"), _rails),
]
