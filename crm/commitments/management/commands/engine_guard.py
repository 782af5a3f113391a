"""Do what the bells ring for when nobody rings them: a process without Redis or Celery."""

from __future__ import annotations

import logging
import signal
from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from threading import Event
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import close_old_connections, connection

from crm.commitments.auditing import auditor
from crm.commitments.planning import holidays, planner
from crm.outbox import sender, turns

log = logging.getLogger(__name__)

SWEEPS: Mapping[str, Callable[[], int]] = {
    planner.COMPONENT: planner.sweep,
    sender.COMPONENT: sender.sweep,
    auditor.COMPONENT: auditor.sweep,
    holidays.COMPONENT: holidays.sweep,
}
COMPONENT = "guard"
STOOD_IN = "guard_stood_in"  # when it last did another's work
EVERY = 5  # seconds between two looks


class Command(BaseCommand):
    help = "Plan and send by itself whenever the last sweep is too long ago (GUARD_AFTER), until it is ended."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="look once, and end")

    def handle(self, *args: Any, once: bool = False, **options: Any) -> None:
        if once:
            look()
            return
        end = Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: end.set())
        end.wait(settings.GUARD_AFTER)  # beat and workers start beside it: they have as long as ever
        mine: dict[str, datetime | None] = {}
        while not end.is_set():
            look(mine)
            end.wait(min(EVERY, settings.GUARD_AFTER))


def look(mine: dict[str, datetime | None] | None = None) -> None:
    """Run each sweep that has been silent for too long, and go on until somebody else runs it again.

    `mine` keeps when each was last run by us. Whatever fails is tried again at the next look.
    """
    mine = {} if mine is None else mine
    for component, sweep in SWEEPS.items():
        try:
            close_old_connections()
            if _is_ours(component, mine):
                sweep()
                mine[component] = turns.last_beat(component)
                if component != holidays.COMPONENT:  # nobody waits for those: whoever is first does them
                    turns.beat(STOOD_IN)
        except Exception:
            log.exception("The guard failed at the %s", component)
            connection.close()
    _beat()


def _is_ours(component: str, mine: dict[str, datetime | None]) -> bool:
    """Say whether nobody else has run this since we did; or for too long, when it was not us."""
    if component in mine and component != auditor.COMPONENT:
        if mine[component] == turns.last_beat(component):
            return True
        del mine[component]
    after = _patience(component)
    is_silent = turns.is_silent(component, after=after)
    if is_silent:
        log.warning("The %s has been silent for %d s: the guard steps in", component, after.total_seconds())
    return is_silent


def _patience(component: str) -> timedelta:
    """Not everything is rung every few seconds: the silence of the auditor and of the holidays is longer."""
    after = timedelta(seconds=settings.GUARD_AFTER)
    if component == holidays.COMPONENT:
        return after + holidays.EVERY
    return after + timedelta(seconds=settings.AUDIT_EVERY if component == auditor.COMPONENT else 0)


def _beat() -> None:
    try:
        turns.beat(COMPONENT)
    except Exception:
        log.exception("The guard cannot say that it is there")
        connection.close()
