"""Touch points in the administration, and interactions to be read."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.core import clock
from crm.core.admin_base import AdminForm, Section
from crm.desk.administration import ReadAdmin, actor
from crm.desk.record_admin import AnswersFilter, ArchivedFilter, RecordAdmin
from crm.dossiers.models import Channel
from crm.poc import words
from interactions.doors import change_touch_point, open_touch_point
from interactions.models import Interaction, TouchPoint
from interactions.reasons import answer_of


class TouchPointForm(AdminForm, forms.ModelForm):
    """A door of ours; its name is kept by its dossier."""

    name = forms.CharField(label=pgettext_lazy("thing", "Name"), max_length=200)

    class Meta:
        model = TouchPoint
        fields = ("channel", "address", "calendar")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["channel"].queryset = Channel.objects.in_use()
        self.fields["calendar"].empty_label = _("As the house")
        if self.instance.pk:
            self.initial["name"] = self.instance.dossier.title

    def values(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("name", "channel", "address", "calendar")}

    def _post_clean(self) -> None:
        """The action validates and writes; the form's own instance stays as it was read."""


@admin.register(TouchPoint)
class TouchPointAdmin(RecordAdmin):
    place = 40
    form = TouchPointForm
    list_display = ("title", "channel", "address", "who_answers", "next_owed")
    list_filter = (AnswersFilter, "channel", ArchivedFilter)
    fieldsets = ((None, {"fields": ("name", "channel", "address", "calendar")}),)

    def act(self, request: HttpRequest, form: Any, changed: TouchPoint | None) -> TouchPoint:
        values = {"by": actor(request), "at": clock.of(request), **form.values()}
        return change_touch_point(touch_point=changed, **values) if changed else open_touch_point(**values)


@admin.register(Interaction)
class InteractionAdmin(ReadAdmin):
    """To be read: interactions are logged, undone and put to records on their own pages."""

    section = Section.RECORDS
    place = 50
    fact = "interaction"
    search_fields = ("dossier__title_key",)
    list_display = ("occurred_at", "direction", "channel", "about_record", "outcome", "poc", "logged_by")
    list_filter = ("direction", "channel", "purpose")
    ordering = ("-occurred_at", "-pk")
    fieldsets = (
        (None, {"fields": ("occurred_at", "direction", "channel", "purpose", "outcome", "topic", "seconds", "note")}),
        (_("Who"), {"fields": ("account", "contact", "project", "touch_point", "caller", "poc", "why", "logged_by")}),
        (_("Logged"), {"fields": ("logged_at", "via", "withdrawn_at")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Interaction]:
        return super().get_queryset(request).for_list()

    @admin.display(description=_("why"))
    def why(self, obj: Interaction) -> str:
        answer = answer_of(obj)
        return " · ".join(words.path(answer, words.load([answer])))

    @admin.display(description=_("record"))
    def about_record(self, obj: Interaction) -> str:
        return obj.dossier.title
