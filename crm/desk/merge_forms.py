"""Which two accounts are merged, and whose value each field keeps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from crm.core.forms import RecordField
from crm.core.templatetags.moments import whole_date
from crm.desk.merging import FIELDS, values_of

KEEP, DROP = "a", "b"
LABELS = {"name": _("Name"), "tier": _("Tier"), "parent": _("Belongs to")}


class ChooseForm(forms.Form):
    """The two accounts, by name."""

    keep = RecordField(label=_("This one stays"), suggest="accounts:names")
    drop = RecordField(label=_("This one goes into it"), suggest="accounts:names")

    def __init__(self, *args: Any, accounts: Any, drop: Account | None = None, **kwargs: Any) -> None:
        super().__init__(*args, initial={"drop": drop} if drop else None, **kwargs)
        for name in ("keep", "drop"):
            self.fields[name].rows = accounts
        self.fields["drop"].current = drop

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        if values.get("keep") is not None and values.get("keep") == values.get("drop"):
            self.add_error("keep", ValidationError(_("An account cannot be merged with itself."), code="same_account"))
        return values


@dataclass(frozen=True, slots=True)
class Line:
    """One field side by side: what each account has, and whose is taken (a or b); `choice` "": they agree."""

    name: str
    label: str
    keeps: str
    drops: str
    choice: str


class MergeForm(forms.Form):
    """Whose value each field keeps, where the two differ: the survivor's, unless it has none."""

    def __init__(self, *args: Any, keep: Account, drop: Account, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.ours, self.theirs = values_of(keep), values_of(drop)
        parent = self.theirs["parent"]
        fixed = {"parent"} if parent is not None and parent.pk in (keep.pk, drop.pk) else set()
        for name in FIELDS:
            if name not in fixed and self.ours[name] != self.theirs[name]:
                initial = DROP if self.ours[name] in ("", None) else KEEP
                self.fields[name] = forms.ChoiceField(choices=[(KEEP, ""), (DROP, "")], initial=initial)

    def lines(self) -> Iterator[Line]:
        """Return what stands side by side; what both leave empty is left out."""
        for name in FIELDS:
            ours, theirs = said(name, self.ours[name]), said(name, self.theirs[name])
            if ours or theirs:
                label = LABELS.get(name) or Account._meta.get_field(name).verbose_name
                choice = self[name].value() if name in self.fields else ""
                yield Line(name, capfirst(str(label)), ours, theirs, choice or "")

    def taken(self) -> list[str]:
        """What the action takes from the other one."""
        return [name for name, side in self.cleaned_data.items() if side == DROP]


def said(name: str, value: Any) -> str:
    """A value in the reader's words."""
    if value in ("", None):
        return ""
    if name in ("name", "parent", "website"):
        return str(value)
    if name == "tier":
        return value.label
    if name == "country":
        return str(value.name)
    if name == "renewal_on":
        return whole_date(value)
    choices = Account._meta.get_field(name).choices
    return str(dict(choices).get(value, value)) if choices else str(value)
