"""The doorbell: Celery rings the tasks, which ask the database what there is to do."""

import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging, worker_process_init

from crm.core.child import die_with_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.settings")
app = Celery("liaison")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def keep_the_log(**_: Any) -> None:
    """Leave the log as LOGGING says: Celery sets up its own only where nobody answers this."""


@worker_process_init.connect
def end_with_the_worker(**_: Any) -> None:
    """Let no pool process outlive its worker, however that one ends."""
    die_with_parent()
