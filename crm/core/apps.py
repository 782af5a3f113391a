from django.apps import AppConfig
from django.urls import register_converter
from django.utils.translation import gettext_lazy as _

from crm.core.paths import IdConverter


class CoreConfig(AppConfig):
    name = "crm.core"
    verbose_name = _("Ground")

    def ready(self) -> None:
        from crm.core import checks  # noqa: F401, PLC0415  # registers itself, when settings are there

        register_converter(IdConverter, "id")
