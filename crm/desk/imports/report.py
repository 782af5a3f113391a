"""What became of each line: one verdict each, as a CSV report and in a few sentences."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from django.db import models
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.desk.imports.rows import Origin

COLUMNS = ["file", "line", "record", "key", "result", "reason", "notes"]
MOST_REASONS = 10  # said in the summary; the report has all


class Result(models.TextChoices):
    """What became of a line."""

    CREATED = "created", gettext_lazy("created")
    UPDATED = "updated", gettext_lazy("updated")
    UNCHANGED = "unchanged", gettext_lazy("unchanged")
    REFUSED = "refused", gettext_lazy("refused")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one line; `reason` says why it was refused, or what was updated."""

    origin: Origin
    record: str
    result: Result
    reason: str = ""
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class Report:
    """The verdicts of one run."""

    verdicts: list[Verdict] = field(default_factory=list)

    def add(self, verdicts: Iterable[Verdict]) -> None:
        self.verdicts.extend(verdicts)

    def count(self, result: Result, record: str = "") -> int:
        return sum(v.result == result and record in ("", v.record) for v in self.verdicts)

    def write(self, path: Path) -> None:
        """Write one line for each verdict, in the order of the input."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            for v in sorted(self.verdicts, key=lambda v: (v.origin.file, v.origin.line, v.record)):
                notes = "; ".join((*v.origin.notes, *v.notes))
                writer.writerow([v.origin.file, v.origin.line, v.record, v.origin.key, v.result, v.reason, notes])

    def summary(self) -> Iterator[str]:
        """Yield a sentence for each kind of record, and one for each reason of refusals."""
        for record in dict.fromkeys(v.record for v in self.verdicts):
            counts = [(self.count(result, record), result.label) for result in Result]
            what = get_text_list([f"{n} {label}" for n, label in counts if n], _("and"))
            yield f"{record}: {what}"
        reasons = Counter(v.reason for v in self.verdicts if v.result == Result.REFUSED)
        for reason, n in reasons.most_common(MOST_REASONS):
            yield _("%(n)d refused: %(reason)s") % {"n": n, "reason": reason}
