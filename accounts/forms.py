"""What one types about an account, and how one narrows the list."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Account
from crm.core.forms import ARCHIVED, DateInput, RecordField, ZoneField
from crm.dossiers.models import Tier
from crm.users.models import User


class AccountForm(forms.ModelForm):
    """An account with its name, parent and tier, which its dossier keeps."""

    name = forms.CharField(label=pgettext_lazy("thing", "Name"), max_length=200)
    parent = RecordField(label=_("Belongs to"), suggest="accounts:names", required=False)
    tier = forms.ModelChoiceField(Tier.objects.none(), label=_("Tier"), required=False, empty_label=_("None"))
    zone = ZoneField(label=_("Time zone"), max_length=64, required=False)
    website = forms.URLField(label=_("Website"), required=False, assume_scheme="https")

    class Meta:
        model = Account
        fields = (
            "kind", "industry", "website", "street", "postal_code", "city", "region", "country", "zone", "language",
            "renewal_on",
        )  # fmt: skip
        widgets = {"renewal_on": DateInput()}

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["tier"].queryset = Tier.objects.in_use()
        self.fields["parent"].rows = Account.objects.visible_to(user).current().select_related("dossier")
        self.fields["language"].choices = [("", _("Unknown")), *settings.LANGUAGES]
        if self.instance.pk:
            dossier, parent = self.instance.dossier, self._parent()
            self.initial |= {"name": dossier.title, "tier": dossier.tier_id, "parent": parent}
            self.fields["parent"].current = parent

    def _parent(self) -> Account | None:
        parent_id = self.instance.dossier.parent_id
        return Account.objects.select_related("dossier").filter(pk=parent_id).first() if parent_id else None

    def values(self) -> dict[str, Any]:
        """What the action takes."""
        return {name: self.cleaned_data[name] for name in ("name", "parent", "tier", *self.Meta.fields)}

    def _post_clean(self) -> None:
        """The action validates and writes; the form's own instance stays as it was read."""


class AccountFilter(forms.Form):
    """Narrows the list; lives in the address."""

    ANSWERS = [("", _("Anybody")), ("mine", _("Mine")), ("nobody", _("Nobody answers"))]

    q = forms.CharField(label=pgettext_lazy("thing", "Name"), max_length=200, required=False)
    kind = forms.ChoiceField(label=_("Kind"), required=False)
    tier = forms.ChoiceField(label=_("Tier"), required=False)
    answers = forms.ChoiceField(label=_("Who answers"), choices=ANSWERS, required=False)
    touch = forms.ChoiceField(
        label=_("Last touch"), choices=[("", _("Any touch")), ("losing", _("Losing touch"))], required=False
    )
    archived = forms.ChoiceField(label=_("State"), choices=ARCHIVED, required=False)

    def __init__(self, *args: Any, tiers: list[Tier], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [("", _("Any kind")), *Account.Kind.choices]
        self.fields["tier"].choices = [("", _("Any tier")), *((tier.code, tier.label) for tier in tiers)]
