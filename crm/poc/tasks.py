"""The bell for the public holidays."""

from celery import shared_task

from crm.poc import public_holidays


@shared_task(ignore_result=True)
def holidays() -> None:
    """Import the public holidays that have become known; rung by beat a few times a day."""
    public_holidays.extend()
