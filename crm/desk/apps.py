from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class DeskConfig(AppConfig):
    name = "crm.desk"
    verbose_name = _("Desk")

    def ready(self) -> None:
        post_migrate.connect(grant_roles, sender=self)


def grant_roles(using: str, **kwargs: Any) -> None:
    """Give a role that may nothing yet what it is shipped with; what administrators changed stays.

    Runs after the last app's migrations, for only then all permissions exist.
    """
    from crm.users.grants import grant_shipped  # noqa: PLC0415  # models are not there when apps load

    grant_shipped(using=using)
