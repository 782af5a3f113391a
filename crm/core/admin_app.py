"""Puts our own site in the place of Django's."""

from django.contrib.admin import apps


class AdminConfig(apps.AdminConfig):
    default_site = "crm.core.admin_base.Site"
