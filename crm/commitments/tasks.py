"""The bells for the planner, for the auditor and for the public holidays."""

from celery import shared_task

from crm.commitments.auditing import auditor
from crm.commitments.planning import holidays as public_holidays
from crm.commitments.planning import planner


@shared_task(ignore_result=True)
def plan() -> None:
    """Turn what is due into notices; rung by beat every 5 s."""
    planner.sweep()


@shared_task(ignore_result=True)
def audit() -> None:
    """See whether everything is as it should be; rung by beat every minute."""
    auditor.sweep()


@shared_task(ignore_result=True)
def holidays() -> None:
    """Import the public holidays that have become known; rung by beat every ten minutes, done every six hours."""
    public_holidays.sweep()
