"""What one types to act on something owed."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.poc.models import PointOfContact


class SnoozeForm(forms.Form):
    """Until when it is quiet, in plain words or as a moment."""

    until = forms.CharField(
        label=_("Until when"), max_length=60, help_text=_("For example: tomorrow 9, in 3 working days, fri 14:00.")
    )


class ReassignForm(forms.Form):
    """To whom it is given."""

    poc = forms.ModelChoiceField(PointOfContact.objects.none(), label=_("To whom"), empty_label=_("Choose"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["poc"].queryset = PointOfContact.objects.active().order_by("kind", "name_key", "pk")


class CancelForm(forms.Form):
    """Why nothing is owed any more."""

    reason = forms.CharField(label=_("Why"), max_length=500, required=False)
