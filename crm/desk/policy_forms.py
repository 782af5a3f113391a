"""The forms of policies: what they match, and the terms of a new version with its steps, row by row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from crm.commitments.models import Policy, Step, Unit
from crm.commitments.policy.policy_checks import MOST_STEPS, BadStep, StepTerms, Terms
from crm.core.admin_base import MAX_DIGITS, AdminForm, RowSelect
from crm.core.forms import refuse
from crm.core.refusals import Refused
from crm.dossiers.models import Channel, Purpose, Tier, Topic
from crm.poc.models import PointOfContact, WorkingCalendar

MORE = 2  # empty rows offered
ABSOLUTE_MOST = 40  # rows, whatever is sent
BEFORE, AFTER, STEP_BEFORE = "before", "after", "step"
COLUMNS = {"anchor": "when", "kind": "when"}  # of a step → field of its form


class PolicyForm(AdminForm, forms.ModelForm):
    """What a policy is called and what it matches."""

    class Meta:
        model = Policy
        fields = ("kind", "name", *Policy.CRITERIA)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, words in (("purpose", Purpose), ("tier", Tier), ("topic", Topic), ("channel", Channel)):
            if name in self.fields:
                chosen = getattr(self.instance, f"{name}_id", None)
                self.fields[name].queryset = words.objects.in_use() | words.objects.filter(pk=chosen)
                self.fields[name].empty_label = _("Any")
        if "priority" in self.fields:
            self.fields["priority"].choices = [("", _("Any")), *Policy._meta.get_field("priority").choices]

    def _post_clean(self) -> None:
        """The action validates and writes."""


def _amount(label: Any, *, required: bool = True, least: int = 1, **options: Any) -> forms.IntegerField:
    """A whole number; what is sensible the action says."""
    options.setdefault("max_value", 999_999)
    return forms.IntegerField(label=label, required=required, min_value=least, **options)


def _unit() -> forms.ChoiceField:
    return forms.ChoiceField(label=_("counted in"), choices=Unit.choices, initial=Unit.WORKING_HOURS)


class TermsForm(forms.Form):
    """What a version asks for, beside its steps."""

    target_amount = _amount(_("Due after"), required=False, help_text=_("Empty: whoever promises it says when."))
    target_unit = _unit()
    calendar = forms.ModelChoiceField(
        WorkingCalendar.objects.order_by("name"), label=_("Working hours"), required=False,
        empty_label=_("Of whoever answers"),
    )  # fmt: skip
    ack_amount = _amount(_("Taking it on holds the next step off for"))
    ack_unit = _unit()
    wait_amount = _amount(_("Waiting for the customer is asked about after"))
    wait_unit = _unit()
    began_with = forms.IntegerField(widget=forms.HiddenInput, required=False)  # the number of the version in force then
    is_for_open = forms.BooleanField(
        label=_("Also for what is owed already"), required=False,
        help_text=_("What was promised under an earlier version comes under this one too, and is due accordingly."),
    )  # fmt: skip

    @classmethod
    def first(cls, terms: Terms) -> dict[str, Any]:
        values = {name: getattr(terms, name) for name in cls.base_fields if name not in ("is_for_open", "began_with")}
        return values | {"target_unit": terms.target_unit or Unit.WORKING_HOURS}


class HoursForm(forms.Form):
    """By whose working hours the next deadlines are shown, where the policy names no calendar."""

    whose = forms.ModelChoiceField(
        PointOfContact.objects.active(), label=_("As if this one answered"), required=False,
        help_text=_("Empty: the house’s hours."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["whose"].widget = RowSelect(Step._meta.get_field("poc"), admin.site)
        self.fields["whose"].widget.choices = self.fields["whose"].choices

    @property
    def poc(self) -> PointOfContact | None:
        return self.cleaned_data.get("whose") if self.is_valid() else None


class StepForm(forms.Form):
    """One escalation step. A row without an amount is none."""

    amount = _amount(_("Amount"), least=0, help_text=_("0 before it is due: at that moment."))
    unit = _unit()
    when = forms.ChoiceField(
        label=_("When"),
        choices=[
            (BEFORE, _("before it is due")), (AFTER, _("after it was due")), (STEP_BEFORE, _("after the step before")),
        ],
    )  # fmt: skip
    slot = forms.ChoiceField(label=_("Who is told"), choices=Step.Slot.choices)
    poc = forms.ModelChoiceField(PointOfContact.objects.all(), label=_("Somebody named"), required=False)
    by_email = forms.BooleanField(label=_("By e-mail"), required=False, initial=True)
    urgent = forms.BooleanField(label=_("Urgent: by night too"), required=False)
    repeat_amount = _amount(_("Again after"), required=False, least=0, initial=0)
    repeat_unit = _unit()
    max_repeats = _amount(_("How often again"), required=False, least=0, initial=0)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["poc"].widget = RowSelect(Step._meta.get_field("poc"), admin.site)
        self.fields["poc"].widget.choices = self.fields["poc"].choices

    def has_changed(self) -> bool:
        return bool(self.data.get(self.add_prefix("amount"), "").strip()) if self.is_bound else False

    def terms(self) -> StepTerms:
        """Return the step, of a valid form."""
        values = self.cleaned_data
        is_reminder = values["when"] == BEFORE
        return StepTerms(
            kind=Step.Kind.REMINDER if is_reminder else Step.Kind.ESCALATION,
            amount=-values["amount"] if is_reminder else values["amount"],
            unit=values["unit"],
            anchor=Step.Anchor.HAND_OFF if values["when"] == STEP_BEFORE else Step.Anchor.DUE,
            slot=values["slot"],
            poc=values["poc"],
            by_email=values["by_email"],
            urgent=values["urgent"],
            repeat_amount=values["repeat_amount"] or 0,
            repeat_unit=values["repeat_unit"],
            max_repeats=values["max_repeats"] or 0,
        )

    @staticmethod
    def first(step: StepTerms) -> dict[str, Any]:
        is_reminder = step.kind == Step.Kind.REMINDER
        after = STEP_BEFORE if step.anchor == Step.Anchor.HAND_OFF else AFTER
        same = ("unit", "slot", "poc", "by_email", "urgent", "repeat_amount", "repeat_unit", "max_repeats")
        return {name: getattr(step, name) for name in same} | {
            "amount": abs(step.amount),
            "when": BEFORE if is_reminder else after,
        }


class BaseSteps(forms.BaseFormSet):
    """The steps in their order: by their place where one is given. One that was there may be emptied too."""

    def initial_form_count(self) -> int:
        return 0 if self.is_bound else super().initial_form_count()

    def add_fields(self, form: forms.Form, index: int | None) -> None:
        super().add_fields(form, index)
        form.fields["ORDER"].label = _("Place")
        form.fields["DELETE"].label = _("Take this step out")


Steps = forms.formset_factory(
    StepForm, BaseSteps, extra=MORE, can_delete=True, can_order=True, max_num=MOST_STEPS + 5, absolute_max=ABSOLUTE_MOST
)


class VersionForms:
    """A new version as it is being written: its terms and its steps, valid or not."""

    def __init__(self, data: Mapping[str, Any] | None, first: Terms, number: int) -> None:
        """Begin with the terms of the version in force, and its number."""
        self.terms_form = TermsForm(data, initial=TermsForm.first(first) | {"began_with": number})
        self.steps = Steps(data, prefix="steps", initial=[StepForm.first(step) for step in first.steps])

    def is_valid(self) -> bool:
        return all([self.terms_form.is_valid(), self.steps.is_valid()])

    @property
    def media(self) -> forms.Media:
        return self.terms_form.media + self.steps.media

    def terms(self) -> Terms:
        """Return what was asked for, of valid forms."""
        values = {name: value for name, value in self.terms_form.cleaned_data.items() if name != "began_with"}
        unit = values["target_unit"] if values["target_amount"] is not None else ""
        steps = tuple(form.terms() for form in self._rows())
        return Terms(**values | {"target_unit": unit}, steps=steps)

    @property
    def began_with(self) -> int | None:
        return self.terms_form.cleaned_data["began_with"]

    def refuse(self, refusal: Refused) -> None:
        """Show an action's no where it belongs: beside the field of the step, else of the terms."""
        if isinstance(refusal, BadStep):
            form = self._rows()[refusal.row]
            form.add_error(COLUMNS.get(refusal.column, refusal.column), refusal.messages)
            place = {"n": self.steps.forms.index(form) + 1, "why": refusal.messages[0]}
            self.terms_form.add_error(None, _t("Step %(n)s: %(why)s") % place)
            return
        refuse(self.terms_form, refusal)

    def _rows(self) -> Sequence[StepForm]:
        return self.steps.ordered_forms


def with_more_rows(data: Any) -> Any:
    """Return what was sent with one more row for a step, filled in as an empty one is."""
    copy = data.copy()
    count = copy.get("steps-TOTAL_FORMS", "")
    n = min(int(count), ABSOLUTE_MOST) if count.isdecimal() and len(count) <= MAX_DIGITS else 0
    copy["steps-TOTAL_FORMS"] = n + 1
    for name, field in StepForm.base_fields.items():
        if field.initial:
            copy[f"steps-{n}-{name}"] = "on" if field.initial is True else field.initial
    return copy
