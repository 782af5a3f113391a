"""What must have been decided, worked out again from the steps and the position, in other code than the planner's.

Every step below the position has its row, told or skipped; none above it has one; nothing is decided twice; and
nobody is reported before whoever is asked first was reached. A part of the table each time.
"""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from crm.commitments.auditing import repairs
from crm.commitments.auditing.check import Check, part, sql

# Where each step of a version stands: the position of a commitment is a place, a notice names an ordinal.
_PLACED = """
placed AS (
  SELECT s.version_id, s.ordinal, s.kind, row_number() OVER (PARTITION BY s.version_id ORDER BY s.ordinal) - 1 AS place
  FROM commitments_step s)"""

# What was given away when it was due already begins after the reminders: its steps count from that act.
_SAMPLE = f"""
sample AS (
  SELECT c.id, c.generation, c.cursor, c.repeat_no, c.policy_version_id,
    CASE WHEN c.anchor_at >= c.due_at AND EXISTS (
      SELECT 1 FROM dossiers_eventdossier e WHERE e.dossier_id = c.dossier_id AND e.happened_at = c.anchor_at
    ) THEN 1 ELSE 0 END AS was_given
  FROM commitments_commitment c
  WHERE c.closed_at IS NULL AND c.quarantined_at IS NULL AND {part("c", and_newest=False)})"""

# An acknowledgement keeps the position, so lower steps may be of an earlier generation, but never of one before that
# of the step below them.
_MISSING = f"""
WITH {_PLACED}, {_SAMPLE}, told AS (
  SELECT s.id, s.was_given, p.place, p.kind, max(n.generation) AS generation
  FROM sample s JOIN placed p ON p.version_id = s.policy_version_id AND p.place < s.cursor
  LEFT JOIN commitments_notification n
    ON n.commitment_id = s.id AND n.step = p.ordinal AND n.generation <= s.generation
  GROUP BY s.id, s.was_given, p.place, p.kind)
SELECT 'c:' || t.id, CAST(min(t.place) AS text)
FROM told t LEFT JOIN told below ON below.id = t.id AND below.place = t.place - 1
WHERE (t.generation IS NULL OR below.generation > t.generation) AND NOT (t.was_given = 1 AND t.kind = 'reminder')
GROUP BY t.id"""

_EXTRA = f"""
WITH {_PLACED}, {_SAMPLE}
SELECT 'n:' || n.id, n.idem_key
FROM sample s JOIN commitments_notification n
  ON n.commitment_id = s.id AND n.generation >= s.generation AND n.step IS NOT NULL
JOIN placed p ON p.version_id = s.policy_version_id AND p.ordinal = n.step
WHERE n.generation > s.generation OR p.place > s.cursor OR (p.place = s.cursor AND n.repeat >= s.repeat_no)"""

_TWICE = f"""
SELECT 'n:' || n.id, n.idem_key FROM commitments_notification n
WHERE n.state = 'planned' AND n.step IS NOT NULL AND {part("n")} AND EXISTS (
  SELECT 1 FROM commitments_notification o
  WHERE o.commitment_id = n.commitment_id AND o.generation = n.generation AND o.step = n.step
    AND o.repeat = n.repeat AND o.recipient_id = n.recipient_id AND o.channel = n.channel
    AND o.state = 'planned' AND o.id < n.id)"""

# A mail that an administrator had sent again reached its reader later than it did at first; and a step that was lost
# is told after those above it.
_TOO_SOON = f"""
WITH {_PLACED}, {_SAMPLE}
SELECT DISTINCT 'n:' || e.id, e.idem_key
FROM sample s JOIN commitments_notification e
  ON e.commitment_id = s.id AND e.generation = s.generation AND e.kind = 'escalation' AND e.state = 'planned'
  AND e.repeat = 0
JOIN placed p ON p.version_id = s.policy_version_id AND p.ordinal = e.step
JOIN placed q ON q.version_id = s.policy_version_id AND q.place = p.place - 1
WHERE EXISTS (
  SELECT 1 FROM commitments_notification b WHERE b.commitment_id = s.id AND b.generation = s.generation
    AND b.step = q.ordinal AND b.state = 'planned' AND b.channel = 'email' AND b.id < e.id)
  AND NOT EXISTS (
    SELECT 1 FROM commitments_notification b LEFT JOIN outbox_message m ON m.id = b.message_id
    WHERE b.commitment_id = s.id AND b.generation = s.generation AND b.step = q.ordinal AND b.state = 'planned'
      AND b.channel = 'email' AND (m.ended_at <= e.created_at OR m.reason LIKE 'sent_again%%'))"""

CHECKS = [
    Check("missing", _("A step told nobody and says not why"), sql(_MISSING), repairs.run_again),
    Check("extra", _("A notice was decided before its step came"), sql(_EXTRA)),
    Check("decided_twice", _("One thing was decided twice"), sql(_TWICE), repairs.supersede),
    Check("too_soon", _("Somebody was reported before they were asked"), sql(_TOO_SOON), is_past=True),
]
