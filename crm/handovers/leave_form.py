"""Who follows somebody who leaves: chosen by group, and row by row where it differs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from crm.core.forms import NUMBERED
from crm.core.refusals import Refused
from crm.core.text import search_key
from crm.handovers import held
from crm.handovers.held import PLACES, Counted, Group, Suggested, key_of
from crm.handovers.leaving import ChoiceMissing, Choices
from crm.poc.models import PRIMARY, PointOfContact

ABOVE, OTHER, OPEN = "", "other", "open"
ALL = "all"  # the choice for every group that says nothing else
ROWS = 50  # shown at once, of a group that is opened
ROW = re.compile(r"(?:row|open)_([a-z]\d{1,18})")  # the fields of one row


class Directory:
    """Everybody who could follow, by the name they are typed by; one who shares it has a number. One query."""

    def __init__(self, poc: PointOfContact) -> None:
        rows = PointOfContact.objects.active().exclude(pk=poc.pk).order_by("name_key", "pk")
        self.pocs = {row.pk: row for row in rows}
        often = Counter(row.name_key for row in self.pocs.values())
        self.labels = {
            pk: row.name if often[row.name_key] == 1 else f"{row.name} #{pk}" for pk, row in self.pocs.items()
        }
        self._by_label = {search_key(label): pk for pk, label in self.labels.items()}

    def find(self, text: str) -> PointOfContact | None:
        """Return whoever is meant by this text; None: nobody, or several."""
        number = NUMBERED.search(text)
        pk = int(number[1]) if number else self._by_label.get(search_key(text))
        return self.pocs.get(pk) if pk is not None else None


class PocField(forms.CharField):
    """Names somebody who answers; names are suggested while one types."""

    default_error_messages = {"unknown": _("Nobody who answers has this name. Choose one of those suggested.")}

    def __init__(self, directory: Directory, **options: Any) -> None:
        self.directory = directory
        attrs = {"list": "pocs", "autocomplete": "off"}
        super().__init__(max_length=180, required=False, widget=forms.TextInput(attrs=attrs), **options)

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        poc = self.directory.find(text)
        if poc is None:
            raise ValidationError(self.error_messages["unknown"], code="unknown")
        return poc


@dataclass(slots=True)
class Row:
    """One row of a group that is opened, with its two fields."""

    title: str
    about: str
    who: Any
    is_open: Any


@dataclass(slots=True)
class Section:
    """One group as the page shows it."""

    counted: Counted
    about: str
    to: Any
    other: Any
    rows: Sequence[Row] = ()
    is_shown: bool = False
    more: str = ""  # what shows the next rows


class LeaveForm(forms.Form):
    """All that is asked when somebody leaves.

    `counted` says which groups there are, `suggested` who is offered first; `shown` is the group
    whose rows are open (and, after a colon, after which of them), `homes` what the reader may see.
    """

    reason = forms.CharField(
        label=_("Why"), max_length=500, help_text=_("Whoever takes over will read it."),
        error_messages={"required": _("Say why: others read it where they take over.")},
    )  # fmt: skip
    ends_sign_in = forms.BooleanField(label=_("They cannot sign in any more either"), required=False, initial=True)

    def __init__(
        self,
        *args: Any,
        poc: PointOfContact,
        counted: Sequence[Counted],
        suggested: Sequence[Suggested],
        at: datetime,
        shown: str = "",
        homes: Collection[int] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.poc, self.counted, self.at = poc, counted, at
        self.directory = Directory(poc)
        self.homes = None if homes is None else set(homes)
        self.suggested = suggested
        self.has_all = len(counted) > 1
        self.fields["reason"].required = bool(counted)
        if self.has_all:
            self._ask(ALL, gettext("Everything"), can_skip=False)
        for one in counted:
            self._ask(one.group, str(one.group.label), can_skip=self.has_all)
        self.opened = shown
        self.shown, _colon, after = shown.partition(":")
        self._found = self._rows(after) if self.shown in {one.group for one in counted} else []
        given = {match[1] for name in {**self.initial, **self.data} if (match := ROW.fullmatch(name))}
        self._keys = sorted(given | {key_of(self.shown, row.pk) for row in self._found[:ROWS]})
        for key in self._keys:
            self.fields[f"row_{key}"] = PocField(self.directory)
            self.fields[f"open_{key}"] = forms.BooleanField(required=False)

    def _ask(self, name: str, label: str, *, can_skip: bool) -> None:
        first = [(ABOVE, gettext("As above"))] if can_skip else []
        offered = [(str(s.poc.pk), s.poc.name if can_skip else _said(s)) for s in self.suggested]  # why: said once
        choices = [*first, *offered, (OTHER, gettext("Somebody else")), (OPEN, gettext("Leave open"))]
        self.fields[f"to_{name}"] = forms.ChoiceField(
            label=label, choices=choices, required=False, widget=forms.RadioSelect
        )
        self.fields[f"other_{name}"] = PocField(self.directory, label=_("Name"))

    def _rows(self, after: str) -> list[Any]:
        """The rows of the group that is open, from the one after `after`, and one more if there is."""
        rows: QuerySet[Any] = held.rows_of(self.shown, self.poc, at=self.at).order_by("pk")
        if after.isdecimal() and len(after) < 19:
            rows = rows.filter(pk__gt=int(after))
        return list(rows[: ROWS + 1])

    def sections(self) -> list[Section]:
        """The groups, in their order."""
        return [self._section(one) for one in self.counted]

    def _section(self, one: Counted) -> Section:
        about = " · ".join(f"{gettext(name)} {n}" for _code, name, n in one.about if name)
        section = Section(one, about, self[f"to_{one.group}"], self[f"other_{one.group}"])
        if one.group == self.shown:
            section.is_shown = True
            section.rows = [self._row(row) for row in self._found[:ROWS]]
            section.more = f"{one.group}:{self._found[ROWS - 1].pk}" if len(self._found) > ROWS else ""
        return section

    def _row(self, row: Any) -> Row:
        key = key_of(self.shown, row.pk)
        title, about = _named(self.shown, row)
        if self.homes is not None and hasattr(row, "dossier") and row.dossier.home_id not in self.homes:
            title = gettext("A record outside your view")
        return Row(title, about, self[f"row_{key}"], self[f"open_{key}"])

    def hidden(self) -> list[Any]:
        """What was chosen for rows that are not open now."""
        open_now = {key_of(self.shown, row.pk) for row in self._found[:ROWS]}
        fields = [self[f"{name}_{key}"] for key in self._keys if key not in open_now for name in ("row", "open")]
        return [bound.as_hidden() for bound in fields if bound.value()]

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        rest = self._chosen(ALL) if self.has_all else ABOVE
        groups = {}
        for one in self.counted:
            chosen = self._chosen(one.group)
            chosen = rest if chosen == ABOVE else chosen
            if chosen == ABOVE:
                if not self.errors.keys() & {f"to_{one.group}", f"other_{one.group}", f"other_{ALL}"}:
                    self.add_error(f"to_{one.group}", ChoiceMissing(one.group))
            else:
                groups[one.group.value] = None if chosen == OPEN else chosen
        values["choices"] = Choices(groups, self._by_row(values))
        return values

    def _chosen(self, name: str) -> Any:
        """Whoever was chosen; ABOVE: nobody was, OPEN: nobody shall be."""
        to = self.cleaned_data.get(f"to_{name}", ABOVE)
        if to != OTHER:
            return self.directory.pocs.get(int(to), ABOVE) if to.isdecimal() else to
        other = self.cleaned_data.get(f"other_{name}")
        if other is None and f"other_{name}" not in self.errors:
            self.add_error(f"other_{name}", gettext("Say who."))
        return other or ABOVE

    def _by_row(self, values: Mapping[str, Any]) -> dict[str, PointOfContact | None]:
        rows = {}
        for key in self._keys:
            if values.get(f"open_{key}"):
                rows[key] = None
            elif values.get(f"row_{key}") is not None:
                rows[key] = values[f"row_{key}"]
        return rows

    def refuse(self, error: Refused) -> None:
        """Show an action's no beside the group it is about."""
        name = f"to_{error.field}" if f"to_{error.field}" in self.fields else error.field
        self.add_error(name if name in self.fields else None, ValidationError(error.messages))


def _said(suggestion: Suggested) -> str:
    """A name, and why it is offered."""
    why = {
        held.BACKUP: ngettext("backup of %(n)s", "backup of %(n)s", suggestion.n) % {"n": suggestion.n},
        held.HOME_TEAM: gettext("home team"),
        held.LEAD: gettext("lead"),
    }[suggestion.why]
    return f"{suggestion.poc.name} ({why})"


def _named(group: str, row: Any) -> tuple[str, str]:
    """What one row is called, and what it is about."""
    if group in PLACES:
        place = gettext("backup %(n)s") % {"n": row.rank} if row.rank > PRIMARY else ""
        return row.dossier.title, " · ".join(filter(None, (row.topic.label, place)))
    if group == Group.OWED:
        return str(row), row.dossier.title
    if group == Group.COVERS:
        return row.poc.name, row.topic.label if row.topic else ""
    return row.name, ""
