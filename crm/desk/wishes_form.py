"""The form in which one says how one wants to be told, or an administrator how somebody else is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.commitments.telling import groups
from crm.commitments.telling.preferring import GROUPS, TIMES, Way
from crm.core.forms import TimeInput
from crm.poc.preferences import NoticePreference

OF_OTHERS: Mapping[str, tuple[Any, Any]] = {  # the same groups, said of somebody by name
    groups.REMINDERS: (_("Reminders"), _("What %(name)s owes falls due, or is overdue.")),
    groups.GIVEN: (_("Given to %(name)s"), _("Something was given or passed on to %(name)s, or handed over.")),
    groups.ANSWERS: (
        _("Who answers"), _("%(name)s answers for a record now, or no longer; %(name)s stands in for somebody."),
    ),
    groups.NEWS: (_("News"), _("Somebody logged something for %(name)s; what happened while %(name)s was away.")),
}  # fmt: skip


class WishesForm(forms.Form):
    """A way for each group of notices, the hour of the digest, and quiet hours; of `name`, where it is not oneself."""

    digest_at = forms.TimeField(label=_("Daily digest at"), widget=TimeInput())
    quiet_from = forms.TimeField(label=_("No mails from"), widget=TimeInput(), required=False)
    quiet_until = forms.TimeField(
        label=_("Until"), widget=TimeInput(), required=False,
        help_text=_("May run over midnight. Urgent mails come all the same, the others at the end."),
    )  # fmt: skip

    def __init__(self, *args: Any, name: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        values = {"name": name}
        own = {
            group: forms.ChoiceField(
                label=label % values, help_text=text % values, choices=Way.choices, widget=forms.RadioSelect
            )
            for group, (label, text) in (OF_OTHERS if name else GROUPS).items()
        }
        self.fields = own | self.fields

    @property
    def ways(self) -> list[forms.BoundField]:
        return [self[group] for group in GROUPS]

    def values(self) -> dict[str, Any]:
        return wished(self.cleaned_data)


def initial_of(wishes: NoticePreference) -> dict[str, Any]:
    """Return what the form begins with."""
    ways = {group: wishes.by_email.get(group, Way.AT_ONCE.value) for group in GROUPS}
    return ways | {name: getattr(wishes, name) for name in TIMES}


def wished(cleaned: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the action takes, from the form's cleaned data."""
    values = dict(cleaned)
    return {"by_email": {group: values.pop(group) for group in GROUPS}, **values}
