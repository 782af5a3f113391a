"""`{% field form.name %}`: label, control, help and error, each where a reader and a screen reader look for it."""

from django import forms, template
from django.forms.boundfield import BoundField
from django.urls import reverse
from django.utils.safestring import SafeString

register = template.Library()


def _control(bound: BoundField, attrs: dict[str, str]) -> SafeString:
    """Render the control with our class; Django adds aria-invalid and aria-describedby."""
    widget = bound.field.widget
    own = widget.attrs.get("class", "")
    base = "check" if isinstance(widget, forms.CheckboxInput) else "form-control"
    return bound.as_widget(attrs={"class": f"{base} {own}".strip(), **attrs})


@register.inclusion_tag("partials/field.html")
def field(bound: BoundField, label: str = "", help: str = "", **attrs: str) -> dict[str, object]:
    """Show one field of a form; `attrs` with underscores become attributes with hyphens."""
    widget = bound.field.widget
    return {
        "bound": bound,
        "label": label or bound.label,
        "help": help or bound.help_text,
        "check": isinstance(widget, forms.CheckboxInput),
        "choices": isinstance(widget, (forms.RadioSelect, forms.CheckboxSelectMultiple)),
        "control": _control(bound, {name.replace("_", "-"): value for name, value in attrs.items()}),
    }


@register.simple_tag
def bare(bound: BoundField) -> SafeString:
    """Show only the control, for rows of filters whose labels are hidden."""
    attrs = {"placeholder": str(bound.label)} if isinstance(bound.field.widget, forms.TextInput) else {}
    return _control(bound, attrs)


@register.inclusion_tag("partials/record_field.html")
def record_field(bound: BoundField, label: str = "", help: str = "") -> dict[str, object]:
    """Show a field that names a record: names are suggested while one types, and any unique name will do."""
    names = f"{bound.auto_id}_names"
    context = field(bound, label, help, list=names, autocomplete="off", data_suggest=reverse(bound.field.suggest))
    return {**context, "names": names}
