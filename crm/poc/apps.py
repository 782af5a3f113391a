from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PocConfig(AppConfig):
    name = "crm.poc"
    verbose_name = _("Who answers")
