"""What one types to log a touch, to plan a follow-up, and to sort a caller."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.functional import lazy
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from contacts.models import Contact
from crm.commitments.models import Priority
from crm.core.forms import RecordField
from crm.core.templatetags.owed import how_often
from crm.dossiers.models import Channel, Outcome, Purpose, Topic
from crm.poc.models import PointOfContact
from crm.users.models import User
from interactions import due
from interactions.actions import MAX_NOTE
from interactions.correcting import FIELDS
from interactions.look_up import Match
from interactions.models import Interaction
from interactions.quick_log import Options, When
from interactions.recurrence import Recurrence
from projects.models import Project

TEXT = "t"  # the follow-up is written in plain words
DAY = 24 * 60  # minutes
LATE_QUEUE = 14  # days a form may have waited on a device
ALLOWED = _("Write when as: tomorrow 9, fri 14:00, in 3 working days, +2w, or 2026-12-03 14:00.")


# Offered; any other way is said in words: "every 10 days".
OFTEN = ((1, "days"), (1, "weeks"), (2, "weeks"), (1, "months"), (3, "months"), (6, "months"), (12, "months"))


class RepeatsField(forms.TypedChoiceField):
    """How often something is owed again: a `Recurrence`, or None for once."""

    def __init__(self, **kwargs: Any) -> None:
        choices = [("", _("Once")), *((f"{every} {unit}", lazy(how_often, str)(every, unit)) for every, unit in OFTEN)]
        kwargs = {"label": _("How often"), "required": False, "choices": choices, "empty_value": None} | kwargs
        super().__init__(coerce=_recurrence, **kwargs)


def _recurrence(text: str) -> Recurrence:
    every, unit = text.split()
    return Recurrence(int(every), unit)


def readable(reader: Callable[[str], Any], text: str) -> Any:
    """Read plain words with `reader`, or say what is allowed."""
    try:
        return reader(text)
    except due.TooFar as error:
        raise ValidationError(_("That is more than five years ahead."), code="too_far") from error
    except due.Unreadable as error:
        raise ValidationError(
            _("“%(text)s” does not say when. %(allowed)s"),
            code="unreadable",
            params={"text": text, "allowed": _t(ALLOWED)},
        ) from error


def only_once(moment: datetime, recurs: Recurrence | None) -> datetime:
    """Return the moment that was said of what is owed once; refuse to drop that it was to be owed again."""
    if recurs is not None:
        raise ValidationError(
            _("This is promised once. %(allowed)s"), code="once", params={"allowed": _t(ALLOWED)}
        )  # fmt: skip
    return moment


class QuickLogForm(forms.Form):
    """A touch, what it settles, and what is to follow. What one may choose among comes from `options`."""

    record = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    client_key = forms.UUIDField(required=False)
    direction = forms.ChoiceField(choices=Interaction.Direction.choices)
    channel = forms.CharField(max_length=30)
    purpose = forms.CharField(max_length=30, required=False)
    priority = forms.ChoiceField(
        label=_("How pressing"), required=False, choices=[("", _("As the reason says")), *Priority.choices]
    )
    outcome = forms.CharField(max_length=30, required=False)
    topic = forms.CharField(max_length=30)
    contact = forms.CharField(max_length=20, required=False)
    project = forms.CharField(max_length=20, required=False)
    follow_up = forms.CharField(max_length=40, required=False)
    due = forms.CharField(max_length=due.LONGEST, required=False, label=_("When"))
    repeats = RepeatsField()
    mine = forms.BooleanField(required=False)
    note = forms.CharField(max_length=MAX_NOTE, required=False, strip=True)
    seconds = forms.IntegerField(min_value=0, max_value=DAY * 60, required=False)
    minutes = forms.IntegerField(min_value=0, max_value=DAY, required=False, label=_("Duration in minutes"))
    occurred_at = forms.DateTimeField(
        required=False, label=_("When it was"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )  # fmt: skip
    filled_at = forms.CharField(max_length=40, required=False)
    caller = forms.CharField(max_length=254, required=False)
    new_name = forms.CharField(max_length=200, required=False, label=_("Name"))
    new_reach = forms.CharField(max_length=254, required=False, label=_("Number or e-mail"))
    new_firm = forms.CharField(max_length=200, required=False, label=_("Firm"))
    again = forms.BooleanField(required=False)
    anyway = forms.CharField(max_length=400, required=False)  # whom one was asked about

    repeat: Interaction | None = None  # the same, logged a moment ago: one is asked whether this is another
    twins: Sequence[Match] = ()  # whom the new caller may be

    def __init__(self, *args: Any, options: Options, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.options = options

    def clean_channel(self) -> Any:
        return self._known(self.options.channels, "channel")

    def clean_topic(self) -> Any:
        return self._known(self.options.topics, "topic")

    def clean_purpose(self) -> Any:
        if self.cleaned_data.get("purpose"):
            return self._known(self.options.purposes, "purpose")
        if self.cleaned_data.get("direction") == Interaction.Direction.INBOUND:
            raise ValidationError(_("Say why they were in touch."), code="required")
        return None

    def clean_outcome(self) -> Any:
        if not self.cleaned_data.get("outcome"):
            raise ValidationError(_("Say how it went."), code="required")
        return self._known(self.options.outcomes, "outcome")

    def _known(self, rows: Any, name: str) -> Any:
        row = self.options.one(rows, self.cleaned_data[name])
        if row is None:
            raise ValidationError(_("Choose one of those offered."), code="invalid_choice")
        return row

    def clean_follow_up(self) -> datetime | str | None:
        """A moment that was offered, `TEXT`, or None."""
        value = self.cleaned_data["follow_up"]
        if value in ("", TEXT):
            return value or None
        try:
            moment = parse_datetime(value)
        except ValueError:
            moment = None
        if moment is None or timezone.is_naive(moment):
            raise ValidationError(_("Choose one of those offered."), code="invalid_choice")
        return moment

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        if values.get("follow_up") == TEXT and not values.get("due"):
            self.add_error("due", ValidationError(ALLOWED, code="required"))
        return values

    def length(self) -> int | None:
        """Seconds it took: as typed, else as counted; None where it is not a call."""
        values = self.cleaned_data
        if values.get("minutes") is not None:
            return values["minutes"] * 60
        is_call = values["channel"].verb == Channel.Verb.CALL
        return values.get("seconds") if is_call else None

    def happened_at(self, at: datetime, *, queued: bool) -> datetime | None:
        """When it was: as typed; for a form that waited on a device, when it was filled in; None: now."""
        if self.cleaned_data.get("occurred_at"):
            return self.cleaned_data["occurred_at"]
        if not queued:
            return None
        try:
            filled = parse_datetime(self.cleaned_data["filled_at"])
        except ValueError:
            filled = None
        if filled is None or timezone.is_naive(filled):
            return None
        return filled if 0 <= (at - filled).total_seconds() <= LATE_QUEUE * DAY * 60 else None


class FollowUpForm(forms.Form):
    """Something to be done next, on a record."""

    what = forms.CharField(
        label=_("What is to be done"), max_length=200, required=False,
        help_text=_("Empty: call, write to or meet them, as the channel says."),
    )  # fmt: skip
    due = forms.CharField(label=_("When"), max_length=due.LONGEST, help_text=ALLOWED)
    repeats = RepeatsField(help_text=_("Or say it with the moment: every 10 days."))
    poc = forms.ModelChoiceField(
        PointOfContact.objects.none(), label=_("Who does it"), required=False, empty_label=_("Whoever answers then")
    )
    contact = forms.ModelChoiceField(
        Contact.objects.none(), label=_("With whom"), required=False, empty_label=_("Nobody in particular")
    )
    channel = forms.ModelChoiceField(Channel.objects.none(), label=_("How"), required=False, empty_label=_("Any way"))
    topic = forms.ModelChoiceField(Topic.objects.none(), label=_("About"), empty_label=None)
    place = forms.CharField(label=_("Where"), max_length=200, required=False)
    text = forms.CharField(
        label=_("Note"), max_length=MAX_NOTE, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args: Any, reader: Callable[[str], When], contacts: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.reader = reader
        self.fields["poc"].queryset = PointOfContact.objects.active().order_by("kind", "name_key", "pk")
        self.fields["contact"].queryset = contacts
        self.fields["channel"].queryset = Channel.objects.in_use()
        self.fields["topic"].queryset = Topic.objects.in_use()

    def clean_due(self) -> When:
        return readable(self.reader, self.cleaned_data["due"])


class UpdateForm(forms.Form):
    """What customers are told next: to whom it is promised, by when, about what."""

    to = forms.ModelMultipleChoiceField(
        Contact.objects.none(), label=_("To whom"), widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Say to whom it is promised: one contact at least.")},
    )  # fmt: skip
    what = forms.CharField(label=_("What about"), max_length=150, required=False)
    due = forms.CharField(
        label=_("By when"),
        max_length=due.LONGEST,
        required=False,
        help_text=_("For example: tomorrow 9, fri 14:00, in 3 working days."),
    )
    poc = forms.ModelChoiceField(
        PointOfContact.objects.none(), label=_("Who does it"), required=False, empty_label=_("Whoever answers then")
    )
    topic = forms.ModelChoiceField(Topic.objects.none(), label=_("About"), empty_label=None)

    def __init__(
        self, *args: Any, reader: Callable[[str], When], contacts: Any, offered: Sequence[Contact], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.reader = reader
        self.fields["to"].queryset = contacts
        self.fields["to"].widget.choices = [(person.pk, str(person)) for person in offered]
        self.fields["poc"].queryset = PointOfContact.objects.active().order_by("kind", "name_key", "pk")
        self.fields["topic"].queryset = Topic.objects.in_use()

    def clean_due(self) -> datetime | None:
        text = self.cleaned_data["due"]
        if not text:
            return None
        said = readable(self.reader, text)
        return only_once(said.moment, said.recurs)


class SortForm(forms.Form):
    """To which record the call of somebody nobody knew belongs."""

    contact = RecordField(label=_("Contact"), suggest="contacts:names", required=False)
    account = RecordField(label=_("Account"), suggest="accounts:names", required=False)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["contact"].rows = (
            Contact.objects.visible_to(user).current().select_related("dossier", "account__dossier")
        )
        self.fields["account"].rows = Account.objects.visible_to(user).current().select_related("dossier")

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        if not self.errors and not values.get("contact") and not values.get("account"):
            raise ValidationError(_("Name a contact or an account."), code="required")
        return values


class CorrectForm(forms.Form):
    """What a touch should have said, and where it should have lain; filled in with what it says."""

    contact = RecordField(label=_("Contact"), suggest="contacts:names", required=False)
    account = RecordField(
        label=_("Account"), suggest="accounts:names", required=False, help_text=_("Empty: that of project or contact.")
    )
    project = forms.ModelChoiceField(Project.objects.none(), label=_("Project"), required=False, empty_label=_("None"))
    channel = forms.ModelChoiceField(Channel.objects.none(), label=_("Channel"), empty_label=None)
    direction = forms.ChoiceField(label=_("Direction"), choices=Interaction.Direction.choices)
    purpose = forms.ModelChoiceField(Purpose.objects.none(), label=_("Reason"), required=False, empty_label=_("None"))
    outcome = forms.ModelChoiceField(Outcome.objects.none(), label=_("Outcome"), required=False, empty_label=_("None"))
    topic = forms.ModelChoiceField(Topic.objects.none(), label=_("About"), empty_label=None)
    occurred_at = forms.DateTimeField(
        label=_("When it was"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )  # fmt: skip
    minutes = forms.IntegerField(label=_("Duration in minutes"), min_value=0, max_value=DAY, required=False)
    note = forms.CharField(
        label=_("What was said"), max_length=MAX_NOTE, required=False, widget=forms.Textarea(attrs={"rows": 5})
    )

    def __init__(self, *args: Any, interaction: Interaction, user: User, **kwargs: Any) -> None:
        self.shown = interaction
        minutes = None if interaction.seconds is None else round(interaction.seconds / 60)
        initial = {name: getattr(interaction, name) for name in FIELDS} | {"minutes": minutes}
        super().__init__(*args, initial=initial, **kwargs)
        contacts = Contact.objects.visible_to(user).current().select_related("dossier", "account__dossier")
        self.fields["contact"].rows, self.fields["contact"].current = contacts, interaction.contact
        accounts = Account.objects.visible_to(user).current().select_related("dossier")
        self.fields["account"].rows, self.fields["account"].current = accounts, interaction.account
        self._offer_projects(user)
        for name in ("channel", "purpose", "outcome", "topic"):
            model = self.fields[name].queryset.model
            own = Q(retired_at=None) | Q(pk=getattr(interaction, f"{name}_id"))
            self.fields[name].queryset = model.objects.filter(own).order_by("position", "pk")

    def _offer_projects(self, user: User) -> None:
        """The account's, and whichever it has now; none where there is nothing to choose."""
        shown = self.shown
        own = Project.objects.visible_to(user).current().filter(account=shown.account_id)
        projects = (own | Project.objects.filter(pk=shown.project_id)).select_related("dossier", "account__dossier")
        self.fields["project"].queryset = projects.order_by("dossier__title_key", "pk")
        if shown.account_id is None:
            del self.fields["project"]

    def values(self) -> dict[str, Any]:
        """What the action takes: only what was changed here; seconds that the form does not show stay."""
        said = {name: self.cleaned_data[name] for name in self.changed_data if name in FIELDS}
        if "minutes" in self.changed_data:
            minutes = self.cleaned_data["minutes"]
            said["seconds"] = None if minutes is None else minutes * 60
        if said.get("occurred_at") == self.shown.occurred_at.replace(second=0, microsecond=0):
            del said["occurred_at"]
        return said


class InteractionFilter(forms.Form):
    """Narrows the list; lives in the address."""

    channel = forms.ChoiceField(label=_("Channel"), required=False)
    direction = forms.ChoiceField(label=_("Direction"), required=False)
    by = forms.ChoiceField(label=_("Logged by"), required=False, choices=[("", _("By anybody")), ("me", _("By me"))])
    within = forms.TypedChoiceField(
        label=_("When"),
        required=False,
        coerce=int,
        choices=[
            ("", _("At any time")),
            (1, _("In the last day")),
            (7, _("In the last week")),
            (30, _("In the last month")),
        ],
    )

    def __init__(self, *args: Any, channels: list[Channel], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["channel"].choices = [("", _("Any channel")), *((c.code, c.label) for c in channels)]
        self.fields["direction"].choices = [("", _("Both directions")), *Interaction.Direction.choices]
