"""How one narrows the list of those who answer, and what one says of a page to share."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from crm.dossiers.models import Topic
from crm.poc.models import PointOfContact
from crm.poc.sharing import LABEL, USUALLY_SHOWN, Field


class PocFilter(forms.Form):
    """Narrows the list; lives in the address."""

    NOW = [
        ("", _("At any time")), ("duty", _("On duty now")), ("away", _("Away now")), ("gone", _("No longer answers")),
    ]  # fmt: skip

    q = forms.CharField(label=_("Name, e-mail or number"), required=False, max_length=200)
    kind = forms.ChoiceField(label=_("Kind"), required=False)
    team = forms.TypedChoiceField(label=_("Team"), required=False, coerce=int, empty_value=None)
    topic = forms.TypedChoiceField(label=_("About"), required=False, coerce=int, empty_value=None)
    speaks = forms.ChoiceField(label=_("Language"), required=False)
    now = forms.ChoiceField(label=_("When"), required=False, choices=NOW)

    def __init__(
        self,
        *args: Any,
        teams: Sequence[PointOfContact],
        topics: Sequence[Topic],
        languages: Sequence[str],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        kinds = [(value, str(label).capitalize()) for value, label in PointOfContact.Kind.choices]
        self.fields["kind"].choices = [("", _("Any kind")), *kinds]
        self.fields["team"].choices = [("", _("Any team")), *((team.pk, team.name) for team in teams)]
        self.fields["topic"].choices = [("", _("About anything")), *((topic.pk, topic.label) for topic in topics)]
        self.fields["speaks"].choices = [("", _("Any language")), *((name, name) for name in languages)]


class ShareForm(forms.Form):
    """A page for somebody outside: for whom, what it shows, in which language, how long."""

    LASTS = [
        ("7", _("a week")), ("30", _("30 days")), ("90", _("90 days")), ("365", _("a year")), ("730", _("two years")),
    ]  # fmt: skip

    label = forms.CharField(
        label=_("For whom"), max_length=LABEL, required=False,
        help_text=_("To know it by later, as “Ms Lima”. The page does not say it."),
    )  # fmt: skip
    shown = forms.MultipleChoiceField(
        label=_("It shows"), widget=forms.CheckboxSelectMultiple, initial=[field.value for field in USUALLY_SHOWN]
    )  # fmt: skip
    language = forms.ChoiceField(label=_("Language of the page"), choices=settings.LANGUAGES)
    days = forms.ChoiceField(label=_("It counts for"), choices=LASTS, initial="90")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["shown"].choices = [(value, str(label).capitalize()) for value, label in Field.choices]

    def values(self, at: datetime) -> dict[str, Any]:
        """What the action takes."""
        values = {name: self.cleaned_data[name] for name in ("label", "shown", "language")}
        return values | {"expires_at": at + timedelta(days=int(self.cleaned_data["days"]))}
