"""Mails: handed over once, to the right reader, and nothing that fails is kept quiet."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from crm.commitments.auditing import repairs
from crm.commitments.auditing.check import Check, Found, Scope, part, sql

REPORTED = -timedelta(days=30)  # what ended longer ago was seen by somebody
GRACE = timedelta(minutes=5)

_OPEN_ATTEMPTS = f"""
SELECT 'a:' || a.id, CAST(a.intent_at AS text) FROM outbox_deliveryattempt a
WHERE a.outcome = '' AND a.intent_at < %(late)s AND {part("a")}"""

# An attempt whose end nobody knew allows one more copy. (Not as a join: that would read the whole table.)
_ACCEPTED_TWICE = f"""
SELECT DISTINCT 'm:' || a.message_id, CAST(a.message_id AS text) FROM outbox_deliveryattempt a
WHERE a.outcome = 'accepted' AND {part("a")} AND (
    SELECT count(*) FROM outbox_deliveryattempt b WHERE b.message_id = a.message_id AND b.outcome = 'accepted'
  ) > 1 + (SELECT m.n_ambiguous FROM outbox_message m WHERE m.id = a.message_id)"""

_NEVER_TAKEN = f"""
SELECT 'm:' || m.id, CAST(m.ended_at AS text) FROM outbox_message m
WHERE m.channel = 'email' AND m.state = 'sent' AND {part("m")}
  AND NOT EXISTS (SELECT 1 FROM outbox_deliveryattempt a WHERE a.message_id = m.id AND a.outcome = 'accepted')"""

_LOST = f"""
SELECT 'n:' || n.id, n.idem_key FROM commitments_notification n
WHERE n.state = 'planned' AND n.message_id IS NOT NULL AND {part("n")}
  AND NOT EXISTS (SELECT 1 FROM outbox_message m WHERE m.id = n.message_id)"""

# Found by crm.commitments.telling.packing, which tries it again.
_NOT_PACKED = """
SELECT f.subject, f.detail FROM commitments_finding f
JOIN commitments_notification n ON n.id = CAST(substr(f.subject, 3) AS bigint)
WHERE f.code = 'not_packed' AND f.ended_at IS NULL AND n.state = 'planned' AND n.message_id IS NULL"""

_SAYS_NOTHING = """
SELECT 'm:' || m.id, m.kind FROM outbox_message m
WHERE m.state = 'ready' AND m.kind IN ('notice', 'digest')
  AND NOT EXISTS (SELECT 1 FROM commitments_notification n WHERE n.message_id = m.id)"""

_WRONG_READER = f"""
SELECT 'n:' || n.id, n.idem_key FROM commitments_notification n JOIN outbox_message m ON m.id = n.message_id
WHERE {part("n")} AND (n.recipient_id <> m.recipient_id OR n.channel <> m.channel)"""

# A try was made although nothing of its mail held any more. No clock is asked: whoever takes a notice back, and
# whoever tries its mail, holds the lock on what it is about. So the tries counted when it was taken back came before,
# and all others after. Of what nobody took back, a try of a later generation was made before (its id was drawn under
# that lock, too). A moment would prove nothing: it is that of a transaction's begin, which may have had to wait.
# (Counted for each try, not as a join: that would read the whole tables.)
_AFTER_THE_ACT = f"""
SELECT 'm:' || a.message_id, CAST(a.n AS text)
FROM outbox_deliveryattempt a
WHERE a.phase = 'data' AND {part("a")} AND 0 = (
    SELECT sum(CASE
      WHEN n.state = 'superseded' AND coalesce({{tried_before}}, a.n) < a.n THEN 0
      WHEN n.state <> 'superseded' AND EXISTS (
        SELECT 1 FROM commitments_notification later JOIN outbox_deliveryattempt b ON b.message_id = later.message_id
        WHERE later.commitment_id = n.commitment_id AND later.generation > n.generation
          AND b.phase = 'data' AND b.id < a.id) THEN 0
      ELSE 1 END)
    FROM commitments_notification n WHERE n.message_id = a.message_id)"""

# Only of what still held is somebody told: what an act had overtaken is of an earlier generation.
_UNTOLD = """
SELECT 'm:' || m.id, m.reason FROM outbox_message m
WHERE m.state IN ('dead', 'uncertain') AND m.ended_at > %(since)s
  AND EXISTS (
    SELECT 1 FROM commitments_notification n LEFT JOIN commitments_commitment c ON c.id = n.commitment_id
    WHERE n.message_id = m.id AND n.state = 'planned' AND n.kind NOT IN ('undelivered', 'perhaps_undelivered')
      AND (n.commitment_id IS NULL OR (c.generation = n.generation AND c.closed_at IS NULL)))
  AND {msgid} NOT IN (
    SELECT substr(t.idem_key, 4, 36) FROM commitments_notification t
    WHERE t.kind IN ('undelivered', 'perhaps_undelivered') AND t.created_at > %(since)s)"""

_TO_GONE = """
SELECT 'm:' || m.id, CAST(m.recipient_id AS text)
FROM outbox_message m JOIN poc_pointofcontact p ON p.id = m.recipient_id
WHERE m.state = 'ready' AND m.lease_token IS NULL AND p.deactivated_at IS NOT NULL"""


def _open_attempts(scope: Scope) -> list[Found]:
    return sql(_OPEN_ATTEMPTS, late=timedelta(seconds=settings.MAIL_LEASE) + GRACE)(scope)


CHECKS = [
    Check(
        "open_attempt", _("An attempt to send has no outcome"), _open_attempts, repairs.close_attempt, is_passing=True
    ),
    Check("twice", _("A mail was accepted more often than it may be"), sql(_ACCEPTED_TWICE), is_past=True),
    Check("never_taken", _("A mail counts as sent that no server took"), sql(_NEVER_TAKEN), is_past=True),
    Check("lost", _("A mail has vanished"), sql(_LOST), repairs.pack_again),
    Check("not_packed", _("A notice cannot be put into a mail"), sql(_NOT_PACKED), is_passing=True),
    Check("says_nothing", _("A mail says nothing: a duplicate"), sql(_SAYS_NOTHING), repairs.drop_message),
    Check("wrong_reader", _("A mail goes to somebody else than decided"), sql(_WRONG_READER), is_past=True),
    Check("after_act", _("A notice was sent although it held no more"), sql(_AFTER_THE_ACT), is_past=True),
    Check("untold", _("Nobody was told of a mail that failed"), sql(_UNTOLD, since=REPORTED), repairs.tell_undelivered),
    Check("to_gone", _("A mail waits for somebody who no longer answers"), sql(_TO_GONE), repairs.send_now),
]
