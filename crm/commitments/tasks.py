"""The bells for the planner and for the auditor."""

from celery import shared_task

from crm.commitments.auditing import auditor
from crm.commitments.planning import planner


@shared_task(ignore_result=True)
def plan() -> None:
    """Turn what is due into notices; rung by beat every 5 s."""
    planner.sweep()


@shared_task(ignore_result=True)
def audit() -> None:
    """See whether everything is as it should be; rung by beat every minute."""
    auditor.sweep()
