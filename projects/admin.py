"""Projects in the administration."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from contacts.models import Contact
from crm.core import clock
from crm.core.admin_base import AdminForm
from crm.desk.administration import actor
from crm.desk.record_admin import AnswersFilter, ArchivedFilter, RecordAdmin, TierFilter, autocomplete
from projects.actions import change_project, open_project
from projects.forms import ProjectForm
from projects.models import Project


class ProjectAdminForm(AdminForm, ProjectForm):
    account = forms.ModelChoiceField(Account.objects.none(), label=_("Account"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, user=self.request.user, **kwargs)
        self.fields["account"].queryset = Account.objects.visible_to(self.request.user).select_related("dossier")
        autocomplete(self, "account", Contact._meta.get_field("account"))


@admin.register(Project)
class ProjectAdmin(RecordAdmin):
    place = 30
    form = ProjectAdminForm
    list_display = ("title", "account_title", "who_answers", "phase", "ends_on", "next_owed")
    list_filter = (AnswersFilter, TierFilter, "phase", ArchivedFilter)
    fieldsets = ((None, {"fields": ("name", "account", "tier", "phase", "starts_on", "ends_on", "description")}),)

    @admin.display(description=_("account"), ordering="account__dossier__title_key")
    def account_title(self, obj: Project) -> Account:
        return obj.account

    def act(self, request: HttpRequest, form: Any, changed: Project | None) -> Project:
        values = {"by": actor(request), "at": clock.of(request), **form.values()}
        return change_project(project=changed, **values) if changed else open_project(**values)

    def panels(self, request: HttpRequest, obj: Project) -> dict[str, Any]:
        return super().panels(request, obj) | {"stakeholders": obj.stakeholders.for_list().order_by("pk")}
