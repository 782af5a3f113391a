from django.apps import AppConfig
from django.urls import register_converter
from django.utils.translation import gettext_lazy as _

from crm.core.paths import IdConverter


class CoreConfig(AppConfig):
    name = "crm.core"
    verbose_name = _("Ground")

    def ready(self) -> None:
        register_converter(IdConverter, "id")
