"""The doorbell: Celery rings the tasks, which ask the database what there is to do."""

import os
from typing import Any

from celery import Celery
from celery.signals import worker_process_init

from crm.core.child import die_with_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.settings")
app = Celery("liaison")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_process_init.connect
def end_with_the_worker(**_: Any) -> None:
    """Let no pool process outlive its worker, however that one ends."""
    die_with_parent()
