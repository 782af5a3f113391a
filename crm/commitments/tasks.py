"""The bell for the planner."""

from celery import shared_task

from crm.commitments import planner


@shared_task(ignore_result=True)
def plan() -> None:
    """Turn what is due into notices; rung by beat every 5 s."""
    planner.sweep()
