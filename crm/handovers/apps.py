from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class HandoversConfig(AppConfig):
    name = "crm.handovers"
    verbose_name = _("Changes of who answers")
