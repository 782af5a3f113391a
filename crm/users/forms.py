"""What a user types about a key of theirs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.users.models import ApiToken


class TokenForm(forms.Form):
    """A new API token: what it is for, what it may do, how long it lasts."""

    FOR_EVER = "0"
    LASTS = [("30", _("30 days")), ("90", _("90 days")), ("365", _("a year")), (FOR_EVER, _("for ever"))]

    name = forms.CharField(
        label=_("What it is for"), max_length=100, help_text=_("The program that uses it, as “Phone system”.")
    )
    scopes = forms.MultipleChoiceField(
        label=_("It may"), choices=ApiToken.Scope.choices, widget=forms.CheckboxSelectMultiple
    )
    days = forms.ChoiceField(label=_("It lasts"), choices=LASTS, initial="365")

    def values(self, at: datetime) -> dict[str, Any]:
        """What the action takes."""
        days = int(self.cleaned_data["days"])
        return {
            "name": self.cleaned_data["name"],
            "scopes": self.cleaned_data["scopes"],
            "expires_at": at + timedelta(days=days) if days else None,
        }
