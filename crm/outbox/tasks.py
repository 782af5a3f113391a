"""The bell for the sender."""

from celery import shared_task

from crm.outbox import sender


@shared_task(ignore_result=True)
def send() -> None:
    """Hand over every mail that is ready; rung by beat every 5 s."""
    sender.sweep()
