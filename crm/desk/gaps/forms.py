"""What narrows the lists of gaps, and what one types to mend some."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.desk.gaps.scope import MOST_DAYS, SOON
from crm.dossiers.models import Dossier, Tier, Topic
from crm.poc.models import PointOfContact

MOST = 1_000_000


class GapFilter(forms.Form):
    """Narrows every count and list of gaps; lives in the address."""

    KINDS = [
        ("", _("Any kind")),
        (Dossier.Kind.ACCOUNT, _("Accounts")),
        (Dossier.Kind.CONTACT, _("Contacts")),
        (Dossier.Kind.PROJECT, _("Projects")),
        (Dossier.Kind.TOUCH_POINT, _("Touch points")),
    ]

    kind = forms.ChoiceField(label=_("Kind"), choices=KINDS, required=False)
    tier = forms.ChoiceField(label=_("Tier"), required=False)
    topic = forms.ChoiceField(label=_("About"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tiers, topics = Tier.objects.in_use(), Topic.objects.in_use()
        self.fields["tier"].choices = [("", _("Any tier")), *((tier.code, tier.label) for tier in tiers)]
        self.fields["topic"].choices = [("", _("About anything")), *((topic.code, topic.label) for topic in topics)]

    def narrowed(self) -> dict[str, Any]:
        """What `Scope` takes; a value that was made up narrows nothing."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value not in ("", None)}


class AbsentFilter(GapFilter):
    days = forms.TypedChoiceField(
        label=_("Within"), required=False, coerce=int, empty_value=None,
        choices=[("", _("The next %(n)s days") % {"n": SOON}), ("30", _("The next 30 days")),
                 (str(MOST_DAYS), _("The next 90 days"))],
    )  # fmt: skip


class OverloadedFilter(GapFilter):
    over = forms.IntegerField(label=_("More than … records"), required=False, min_value=0, max_value=MOST)


FILTERS = {"absent": AbsentFilter, "overloaded": OverloadedFilter}


class FollowForm(forms.Form):
    """Who follows somebody in all the places they are still named for."""

    poc = forms.ModelChoiceField(PointOfContact.objects.none(), label=_("Who follows"), empty_label=_("Choose"))
    reason = forms.CharField(label=_("Why"), max_length=500, help_text=_("Those concerned will read it."))

    def __init__(self, *args: Any, gone: PointOfContact, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = PointOfContact.objects.active().exclude(pk=gone.pk)
        self.fields["poc"].queryset = others.order_by("kind", "name_key", "pk")
