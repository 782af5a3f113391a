"""What one types to change who answers."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.dossiers.models import Topic
from crm.poc.models import PRIMARY, PointOfContact


class ChangeForm(forms.Form):
    """Who answers from now on, or from a later moment, for one record on one topic."""

    PLACES = [(PRIMARY, _("Answers")), (1, _("Backup")), (2, _("Second backup"))]

    topic = forms.ModelChoiceField(Topic.objects.none(), label=_("About"), empty_label=None)
    rank = forms.TypedChoiceField(label=_("Place"), choices=PLACES, coerce=int, initial=PRIMARY)
    poc = forms.ModelChoiceField(PointOfContact.objects.none(), label=_("Who"), empty_label=_("Choose"))
    reason = forms.CharField(
        label=_("Why"), max_length=500, required=False,
        help_text=_("Needed when somebody is replaced. Both will read it."),
    )  # fmt: skip
    starts_at = forms.DateTimeField(
        label=_("From"), required=False, help_text=_("Empty: at once."),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["topic"].queryset = Topic.objects.in_use()
        self.fields["poc"].queryset = PointOfContact.objects.active().order_by("kind", "name_key", "pk")


class EndForm(forms.Form):
    """Why nobody holds a place any more."""

    reason = forms.CharField(label=_("Why"), max_length=500, required=False)
