"""What one types to change who answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import Exists, OuterRef
from django.forms.boundfield import BoundField
from django.utils.translation import gettext, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from crm.dossiers.models import Dossier, Topic
from crm.handovers.handing_over import Offer, PartMissing, tier_of
from crm.handovers.models import BriefingPart
from crm.handovers.scope import Counts, Scope
from crm.poc.models import PRIMARY, PointOfContact, PointOfContactQuerySet
from crm.users import roles
from crm.users.models import User

BRIEFING = "briefing-"  # what the names of these fields begin with
MAX_PART = 10_000  # characters of one part of a briefing


class ChangeForm(forms.Form):
    """Who answers from now on, or from a later moment, for one record on one topic."""

    PLACES = [(PRIMARY, pgettext_lazy("somebody", "Answers")), (1, _("Backup")), (2, _("Second backup"))]

    topic = forms.ModelChoiceField(Topic.objects.none(), label=_("About"), empty_label=None)
    rank = forms.TypedChoiceField(label=_("Place"), choices=PLACES, coerce=int, initial=PRIMARY)
    poc = forms.ModelChoiceField(PointOfContact.objects.none(), label=_("Who"), empty_label=_("Choose"))
    reason = forms.CharField(
        label=_("Why"), max_length=500, required=False,
        help_text=_("Needed when somebody is replaced. Both will read it."),
    )  # fmt: skip
    starts_at = forms.DateTimeField(
        label=_("From"), required=False, help_text=_("Empty: at once."),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "topic" in self.fields:
            self.fields["topic"].queryset = Topic.objects.in_use()
        self.fields["poc"].queryset = PointOfContact.objects.active().order_by("kind", "name_key", "pk")


class CellForm(ChangeForm):
    """Who answers from now on, on the topic and in the place that a cell of the table stands for."""

    topic = None
    starts_at = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["rank"].widget = forms.HiddenInput()


class EndForm(forms.Form):
    """Why nobody holds a place any more; of the one who answers, that this is meant."""

    reason = forms.CharField(label=_("Why"), max_length=500, required=False)
    leave_open = forms.BooleanField(required=False)


@dataclass(frozen=True, slots=True)
class Given:
    """Who may give on a record, who does, about which topics they answer there, which are chosen, how much that is.

    Not `is_meant`: nobody said who gives, and the first who could does not answer for the record itself.
    """

    givers: Sequence[PointOfContact]
    giver: PointOfContact
    topics: Sequence[Topic]
    chosen: Sequence[Topic]
    counts: Counts
    is_meant: bool = True


class BriefingForm(forms.Form):
    """What whoever takes over has to know: one field for each part of the template."""

    def ask_parts(self, template: Iterable[BriefingPart], dossiers: Iterable[Dossier]) -> None:
        """Ask for each part; required is what one of these records requires."""
        tier_ids = {tier_of(dossier) for dossier in dossiers}
        for part in template:
            self.fields[f"{BRIEFING}{part.code}"] = forms.CharField(
                label=part.label,
                help_text=gettext(part.help) if part.help else "",
                max_length=MAX_PART,
                required=any(part.is_required_for(tier_id) for tier_id in tier_ids),
                error_messages={"required": PartMissing.default_message},
                widget=forms.Textarea(attrs={"rows": 3}),
            )

    def parts(self) -> list[BoundField]:
        """The parts of the briefing."""
        return [bound for bound in self if bound.name.startswith(BRIEFING)]

    def briefing(self) -> dict[str, str]:
        """Return the text of each part by its code, of a valid form."""
        values = self.cleaned_data.items()
        return {name.removeprefix(BRIEFING): text for name, text in values if name.startswith(BRIEFING)}


class HandOverForm(BriefingForm):
    """What is handed over to whom, and what they have to know.

    `template` says which parts are asked for and which are required; `counts` what the giver holds.
    """

    giver = forms.ModelChoiceField(
        PointOfContact.objects.none(), label=pgettext_lazy("person", "From"), empty_label=None
    )
    receiver = forms.ModelChoiceField(PointOfContact.objects.none(), label=_("To"))
    topics = forms.ModelMultipleChoiceField(
        Topic.objects.none(), label=_("About"), widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose what it is about.")},
    )  # fmt: skip
    with_projects = forms.BooleanField(required=False, initial=True)
    with_contacts = forms.BooleanField(required=False, initial=True)
    with_owed = forms.BooleanField(required=False, initial=True)
    reason = forms.CharField(label=_("Why"), max_length=500, help_text=_("Both sides will read it."))

    def __init__(
        self, *args: Any, dossier: Dossier, given: Given, template: Sequence[BriefingPart], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.dossier, self.given = dossier, given
        self._who(given, is_account=dossier.kind == Dossier.Kind.ACCOUNT)
        self._how_much(given.counts, is_account=dossier.kind == Dossier.Kind.ACCOUNT)
        self.ask_parts(template, [dossier])

    def _who(self, given: Given, *, is_account: bool) -> None:
        giver, receiver, topics = (self.fields[name] for name in ("giver", "receiver", "topics"))
        giver.queryset = PointOfContact.objects.filter(pk__in=[poc.pk for poc in given.givers])
        giver.choices = [] if given.is_meant else [("", _("Choose"))]
        giver.choices += [(poc.pk, poc.name) for poc in given.givers]
        giver.initial = given.giver.pk if given.is_meant else ""
        receiver.queryset = PointOfContact.objects.active().filter(is_house=False)
        receiver.choices = [("", _("Choose")), *_grouped(receiver.queryset, managers_first=is_account)]
        topics.queryset = Topic.objects.filter(pk__in=[topic.pk for topic in given.topics])
        topics.choices = [(topic.pk, topic.label) for topic in given.topics]
        topics.initial = [topic.pk for topic in given.chosen]
        topics.required = given.is_meant

    def _how_much(self, counts: Counts, *, is_account: bool) -> None:
        """Say in numbers what may come along; what there is none of comes along unseen, if there is some by then."""
        self.fields["with_projects"].label = ngettext("%(n)s project", "%(n)s projects", counts.projects) % {
            "n": counts.projects
        }
        self.fields["with_contacts"].label = ngettext("%(n)s contact", "%(n)s contacts", counts.contacts) % {
            "n": counts.contacts
        }
        self.fields["with_owed"].label = ngettext("%(n)s thing owed", "%(n)s things owed", counts.owed) % {
            "n": counts.owed
        }
        for name, n in (("projects", counts.projects), ("contacts", counts.contacts), ("owed", counts.owed)):
            if not n:
                self.fields[f"with_{name}"].widget = forms.HiddenInput()
        if not is_account:
            del self.fields["with_projects"], self.fields["with_contacts"]

    def ticks(self) -> list[BoundField]:
        """What may come along."""
        return [self[name] for name in ("with_projects", "with_contacts", "with_owed") if name in self.fields]

    def offer(self) -> Offer:
        """Return what is offered, of a valid form; all that the giver holds where every topic is ticked."""
        values = self.cleaned_data
        topics = list(values["topics"])
        scope = Scope(
            self.dossier,
            values["giver"],
            [] if len(topics) == len(self.given.topics) else topics,
            *(values.get(name, False) for name in ("with_projects", "with_contacts", "with_owed")),
        )
        return Offer(scope, values["receiver"], values["reason"], self.briefing())


class DeclineForm(forms.Form):
    """Why somebody does not take over; whoever offered it will read it."""

    reason = forms.CharField(label=_("Why"), max_length=500, widget=forms.Textarea(attrs={"rows": 3}))


class WithdrawForm(forms.Form):
    """Why an offer is taken back."""

    reason = forms.CharField(label=_("Why"), max_length=500, required=False)


def _grouped(pocs: PointOfContactQuerySet, *, managers_first: bool) -> list[tuple[Any, list[tuple[int, str]]]]:
    """Return who may take over, in groups; account managers first where it is about an account. One query."""
    managing = User.groups.through.objects.filter(user=OuterRef("user"), group__name=roles.ACCOUNT_MANAGER)
    groups: dict[Any, list[tuple[int, str]]] = {_("Account managers"): [], _("People"): [], _("Teams"): []}
    for poc in pocs.annotate(is_manager=Exists(managing)).order_by("name_key", "pk"):
        first = managers_first and poc.is_manager
        groups[_("Teams") if poc.is_team else _("Account managers") if first else _("People")].append(
            (poc.pk, poc.name)
        )
    return [(name, found) for name, found in groups.items() if found]
