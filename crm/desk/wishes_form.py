"""The form in which one says how one wants to be told."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.commitments.preferring import GROUPS, Way
from crm.core.forms import TimeInput
from crm.poc.preferences import NoticePreference


class WishesForm(forms.Form):
    """A way for each group of notices, the hour of the digest, and quiet hours."""

    digest_at = forms.TimeField(label=_("Daily digest at"), widget=TimeInput())
    quiet_from = forms.TimeField(label=_("No mails from"), widget=TimeInput(), required=False)
    quiet_until = forms.TimeField(
        label=_("Until"), widget=TimeInput(), required=False,
        help_text=_("May run over midnight. Urgent mails come all the same, the others at the end."),
    )  # fmt: skip

    def __init__(self, *args: Any, wishes: NoticePreference, **kwargs: Any) -> None:
        times = {name: getattr(wishes, name) for name in ("digest_at", "quiet_from", "quiet_until")}
        ways = {group: wishes.by_email.get(group, Way.AT_ONCE.value) for group in GROUPS}
        super().__init__(*args, initial=ways | times, **kwargs)
        own = {
            group: forms.ChoiceField(label=label, help_text=text, choices=Way.choices, widget=forms.RadioSelect)
            for group, (label, text) in GROUPS.items()
        }
        self.fields = own | self.fields

    @property
    def ways(self) -> list[forms.BoundField]:
        return [self[group] for group in GROUPS]

    def values(self) -> dict[str, Any]:
        """What the action takes."""
        values = dict(self.cleaned_data)
        return {"by_email": {group: values.pop(group) for group in GROUPS}, **values}
