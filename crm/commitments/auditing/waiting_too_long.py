"""What should have happened by now, or is put off so far that it never would."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext_lazy as _

from crm.commitments.auditing import repairs
from crm.commitments.auditing.check import Check, Found, Scope, ask, sql

LOOK_LATE = timedelta(minutes=5)
MAIL_LATE = timedelta(minutes=10)
SILENT = timedelta(minutes=3)
FARTHEST_MAIL = timedelta(hours=48)  # longer than any back-off or quiet hours
FARTHEST_NOTICE = timedelta(hours=36)  # longer than to the next hour of anybody's digest
IDLE_TRANSACTION = 60  # seconds, of the real clock

_LOOKS = """
SELECT 'c:' || c.id, CAST(c.next_action_at AS text) FROM commitments_commitment c
WHERE c.next_action_at < %(late)s AND c.next_action_at IS NOT NULL AND c.quarantined_at IS NULL
ORDER BY c.next_action_at, c.id"""

_NOTICES = """
SELECT 'n:' || n.id, CAST(n.tell_at AS text) FROM commitments_notification n
WHERE n.state = 'planned' AND n.message_id IS NULL AND n.tell_at < %(late)s
ORDER BY n.tell_at"""

_NOTICES_PUT_OFF = """
SELECT 'n:' || n.id, CAST(n.tell_at AS text) FROM commitments_notification n
WHERE n.state = 'planned' AND n.message_id IS NULL AND n.tell_at > %(far)s
ORDER BY n.tell_at"""

_MAILS = """
SELECT 'm:' || m.id, CAST(m.available_at AS text) FROM outbox_message m
WHERE m.state = 'ready' AND m.available_at < %(late)s
  AND NOT EXISTS (SELECT 1 FROM outbox_heartbeat h WHERE h.component = 'sender' AND h.paused_until > %(late)s)"""

_MAIL_SERVER = """
SELECT 'h:' || h.component, CAST(h.paused_until AS text) FROM outbox_heartbeat h
WHERE h.component = 'sender' AND h.paused_until > %(at)s"""

_MAILS_PUT_OFF = """
SELECT 'm:' || m.id, CAST(m.available_at AS text) FROM outbox_message m
WHERE m.state = 'ready' AND (m.available_at > %(far)s OR (m.lease_token IS NOT NULL AND m.available_at > %(leased)s))"""

_HEARTBEATS = """
SELECT 'h:' || h.component, CAST(h.last_ok_at AS text) FROM outbox_heartbeat h
WHERE h.component IN ('planner', 'sender', 'guard') AND h.last_ok_at < %(late)s"""

_TRANSACTIONS = """
SELECT 't:' || a.pid, a.application_name || ' ' || CAST(a.state_change AS text) FROM pg_stat_activity a
WHERE a.datname = current_database() AND a.state LIKE 'idle in transaction%%'
  AND a.state_change < clock_timestamp() - make_interval(secs => %(seconds)s)
ORDER BY a.state_change"""


def _transactions(scope: Scope) -> list[Found]:
    if connection.vendor == "sqlite":
        return []  # one writer at a time, which waits twenty seconds at most
    return [Found(*row) for row in ask(_TRANSACTIONS, {"seconds": IDLE_TRANSACTION, "most": 50})]


def _mails_put_off(scope: Scope) -> list[Found]:
    lease = timedelta(seconds=settings.MAIL_LEASE) + timedelta(hours=1)
    return sql(_MAILS_PUT_OFF, far=FARTHEST_MAIL, leased=lease)(scope)


CHECKS = [
    Check("late_look", _("Reminders are worked out late"), sql(_LOOKS, late=LOOK_LATE), is_passing=True),
    Check("late_notice", _("Notices wait to be put into mails"), sql(_NOTICES, late=LOOK_LATE), is_passing=True),
    Check("late_mail", _("Mails wait to be sent"), sql(_MAILS, late=MAIL_LATE), is_passing=True),
    Check("mail_server", _("The mail server cannot be reached, or breaks off"), sql(_MAIL_SERVER), is_passing=True),
    Check(
        "far_notice", _("A notice was put off too far"), sql(_NOTICES_PUT_OFF, far=FARTHEST_NOTICE), repairs.tell_now
    ),
    Check("far_mail", _("A mail was put off too far"), _mails_put_off, repairs.send_now),
    Check("silent", _("A part of the engine is silent"), sql(_HEARTBEATS, late=SILENT), is_passing=True),
    Check("transaction", _("A forgotten transaction holds the database up"), _transactions, is_passing=True),
]
