from typing import Any

from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class DeskConfig(AppConfig):
    name = "crm.desk"
    verbose_name = _("Desk")

    def ready(self) -> None:
        # The last app with models: only then do all permissions exist.
        post_migrate.connect(grant_roles, sender=apps.get_app_config("interactions"))


def grant_roles(using: str, **kwargs: Any) -> None:
    """Give a role that may nothing yet what it is shipped with; what administrators changed stays."""
    from crm.users.grants import grant_shipped  # noqa: PLC0415  # models are not there when apps load

    grant_shipped(using=using)
