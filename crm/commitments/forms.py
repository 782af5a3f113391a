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


class WaitForm(forms.Form):
    """What the customer is asked for, while the clock stands still."""

    reason = forms.CharField(label=_("What for"), max_length=500, required=False)


class ReassignForm(forms.Form):
    """To whom it is given."""

    poc = forms.ModelChoiceField(PointOfContact.objects.none(), label=_("To whom"), empty_label=_("Choose"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["poc"].queryset = PointOfContact.objects.active().order_by("kind", "name_key", "pk")


class PassOnForm(forms.Form):
    """To which specialist a problem goes, and what they should know."""

    to = forms.ModelChoiceField(PointOfContact.objects.none(), label=_("To whom"), empty_label=_("Choose"))
    note = forms.CharField(
        label=_("What they should know"), max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"].queryset = PointOfContact.objects.active().order_by("-kind", "name_key", "pk")


class HandBackForm(forms.Form):
    """How a problem was solved."""

    resolution = forms.CharField(
        label=_("How it was solved"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Whoever answers tells the customer, in these words or their own."),
    )  # fmt: skip


class CancelForm(forms.Form):
    """Why nothing is owed any more."""

    reason = forms.CharField(label=_("Why"), max_length=500, required=False)
