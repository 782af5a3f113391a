"""What one types about a project and its stakeholders, and how one narrows the list."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Account
from contacts.models import Contact, ContactRole
from crm.core.forms import ARCHIVED, DateInput, RecordField
from crm.dossiers.models import Tier
from crm.users.models import User
from projects.models import Project, Stakeholder


class ProjectForm(forms.ModelForm):
    """A project with its name, account and tier, which its dossier keeps."""

    name = forms.CharField(label=pgettext_lazy("thing", "Name"), max_length=200)
    account = RecordField(label=_("Account"), suggest="accounts:names")
    tier = forms.ModelChoiceField(Tier.objects.none(), label=_("Tier"), required=False, empty_label=_("None"))

    class Meta:
        model = Project
        fields = ("phase", "starts_on", "ends_on", "description")
        widgets = {"starts_on": DateInput(), "ends_on": DateInput()}

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["tier"].queryset = Tier.objects.in_use()
        self.fields["account"].rows = Account.objects.visible_to(user).current().select_related("dossier")
        self.fields["description"].widget.attrs["rows"] = 4
        if self.instance.pk:
            dossier = self.instance.dossier
            self.initial |= {"name": dossier.title, "tier": dossier.tier_id, "account": self.instance.account}
        self.fields["account"].current = self.initial.get("account")

    def values(self) -> dict[str, Any]:
        """What the action takes."""
        return {name: self.cleaned_data[name] for name in ("name", "account", "tier", *self.Meta.fields)}

    def _post_clean(self) -> None:
        """The action validates and writes; the form's own instance stays as it was read."""


class StakeholderForm(forms.Form):
    """A contact's part in a project."""

    contact = RecordField(label=_("Contact"), suggest="contacts:names")
    role = forms.ModelChoiceField(ContactRole.objects.none(), label=_("Role"))
    influence = forms.ChoiceField(
        label=_("Influence"), choices=Stakeholder.Influence.choices, initial=Stakeholder.Influence.MEDIUM
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].queryset = ContactRole.objects.in_use()
        self.fields["contact"].rows = Contact.objects.visible_to(user).current().select_related("dossier")


class ProjectFilter(forms.Form):
    """Narrows the list; lives in the address."""

    PHASES = [("", _("Running")), ("all", _("Any phase")), *Project.Phase.choices]
    ANSWERS = [("", _("Anybody")), ("mine", _("Mine")), ("nobody", _("Nobody answers"))]

    q = forms.CharField(label=pgettext_lazy("thing", "Name"), max_length=200, required=False)
    phase = forms.ChoiceField(label=_("Phase"), choices=PHASES, required=False)
    answers = forms.ChoiceField(label=_("Who answers"), choices=ANSWERS, required=False)
    archived = forms.ChoiceField(label=_("State"), choices=ARCHIVED, required=False)
