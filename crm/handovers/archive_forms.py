"""What one says before records are archived: what becomes of what is open."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from crm.core.forms import RecordField
from crm.dossiers.models import Dossier
from crm.handovers.archiving import Standing

CANCEL, PARENT, OTHER = "cancel", "parent", "other"


class ArchiveForm(forms.Form):
    """What becomes of what is owed and of what belongs to the record; only what there is, is asked.

    `accounts` are those to which what is owed may move.
    """

    owed = forms.ChoiceField(label=_("What is owed"), widget=forms.RadioSelect)
    move_to = RecordField(label=_("The other account"), suggest="accounts:names", required=False)
    along = forms.BooleanField(label=_("Archive what belongs to it along"), required=False)
    reason = forms.CharField(
        label=_("Why"), max_length=500, required=False, help_text=_("Needed when something is cancelled.")
    )

    def __init__(self, *args: Any, open_now: Standing, accounts: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.parent = self._parent(open_now)
        if open_now.owed:
            name = {"name": self.parent.title} if self.parent else {}
            to_parent = [(PARENT, _("Move it to %(name)s") % name)] if self.parent else []
            choices = [(CANCEL, _("Cancel it")), *to_parent, (OTHER, _("Move it to another account"))]
            self.fields["owed"].choices = choices
            self.fields["move_to"].rows = accounts
            self.fields["owed"].initial = PARENT if self.parent else CANCEL
        else:
            del self.fields["owed"], self.fields["move_to"]
        if not open_now.below:
            del self.fields["along"]

    @staticmethod
    def _parent(open_now: Standing) -> Dossier | None:
        """What a single record belongs to, where that stays."""
        parents = {root.parent for root in open_now.roots}
        parent = parents.pop() if len(parents) == 1 else None
        return parent if parent and parent.archived_at is None else None

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        if values.get("owed") == OTHER and not values.get("move_to") and "move_to" not in self.errors:
            self.add_error("move_to", ValidationError(_("Say which account."), code="required"))
        return values

    def values(self) -> dict[str, Any]:
        """What the action takes."""
        values = self.cleaned_data
        owed, other = values.get("owed"), values.get("move_to")
        target = self.parent if owed == PARENT else other.dossier if owed == OTHER and other else None
        return {
            "along": bool(values.get("along")), "settle": owed == CANCEL, "move_to": target, "reason": values["reason"],
        }  # fmt: skip
