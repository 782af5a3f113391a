"""Fill an empty PostgreSQL database with the invented firm, in batches; a load that was ended goes on.

What is there says how far it came: every batch is one transaction, ids are computed, and the firm's
own row holds seed, scale and day until the last step has set the firm up.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.core.management.color import no_style
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction
from django.db.models import JSONField, Model
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from contacts.models import Contact
from crm.commitments.models import Commitment
from crm.core.clock import now
from crm.core.refusals import Refused
from crm.desk.benchmark import people, records, touches, words
from crm.desk.benchmark.firm import FIRST, PEOPLE, TEAMS, BigFirm, Rows
from crm.dossiers.models import Dossier, Event, EventDossier, Firm
from crm.poc.models import Assignment, PointOfContact
from crm.users.models import User
from interactions.models import Interaction, TouchPoint
from projects.models import Project

BATCH = 5_000
NAME = "Benchmark firm, seed {seed}, scale {scale:g}, as of {as_of}"
NAMED = re.compile(r"Benchmark firm, seed (-?\d+), scale (\S+), as of (\d{4}-\d\d-\d\d)")


class NotPostgres(Refused):
    code = "not_postgres"
    default_message = _("The benchmark measures PostgreSQL: let DATABASE_URL name an empty PostgreSQL database.")


class NotEmpty(Refused):
    code = "not_empty"
    default_message = _("There is something in this database already. The benchmark's firm needs an empty one.")


class AnotherLoad(Refused):
    code = "another_load"


class NothingThere(Refused):
    code = "nothing_there"
    default_message = _("There is nothing to measure here: run `manage.py benchmark load` first.")


class NoScale(Refused):
    code = "no_scale"
    default_message = _("The scale is a number above 0, and at most 10.")


@dataclass(frozen=True, slots=True)
class Step:
    """Rows of several tables, in batches; `lead` has exactly one row a place, from the id `first` on."""

    lead: type[Model]
    first: int
    count: int
    rows: Callable[[BigFirm, int, int], Rows]

    def done(self) -> int:
        last = self.first + self.count
        return self.lead._default_manager.filter(pk__gte=self.first, pk__lt=last).count()


def begin(*, seed: int, scale: float) -> BigFirm:
    """Return the firm to load here, or to go on loading; an empty database is marked with its name.

    :raises NotPostgres, NotEmpty, AnotherLoad, NoScale: it cannot be loaded here.
    """
    if connection.vendor != "postgresql":
        raise NotPostgres
    if not 0 < scale <= 10:
        raise NoScale
    begun = found()
    if begun is None:
        if not _is_empty():
            raise NotEmpty
        begun = BigFirm(seed, scale, now().date(), words.read())
        Firm.objects.update(name=name_of(begun))
    if (begun.seed, begun.scale) != (seed, scale):
        raise AnotherLoad(_("This database holds another load: %(name)s.") % {"name": name_of(begun)})
    return begun


def found() -> BigFirm | None:
    """Return the firm this database holds, or begins to hold; None: another's database, or an empty one."""
    name = Firm.objects.values_list("name", flat=True).get()
    match = NAMED.fullmatch(name)
    return BigFirm(int(match[1]), float(match[2]), date.fromisoformat(match[3]), words.read()) if match else None


def loaded() -> BigFirm:
    """Return the firm this database holds, loaded to the end.

    :raises NothingThere: it holds none.
    """
    firm = found()
    if firm is None or not is_complete():
        raise NothingThere
    return firm


def name_of(firm: BigFirm) -> str:
    """Return what the firm is called: all it takes to go on loading it, or to load it again."""
    return NAME.format(seed=firm.seed, scale=firm.scale, as_of=firm.as_of)


def told() -> dict[str, int]:
    """Count what was loaded, by what it is called."""
    models = (Interaction, Commitment, Event, EventDossier, Contact, Account, Project, Assignment, PointOfContact)
    return {str(model._meta.verbose_name_plural): model._default_manager.count() for model in models}


def is_complete() -> bool:
    return Firm.objects.exclude(set_up_at=None).exists()


def _is_empty() -> bool:
    doors = TouchPoint.objects.values("pk")
    others = (User.objects.all(), PointOfContact.objects.filter(is_house=False), Dossier.objects.exclude(pk__in=doors))
    return not is_complete() and not any(rows.exists() for rows in others)


def steps(firm: BigFirm) -> list[Step]:
    """The load, in its order: a row is written after what it refers to, but within one batch."""
    return [
        Step(PointOfContact, FIRST, PEOPLE + TEAMS, people.people),
        Step(Account, firm.account(0), firm.n_accounts, records.accounts),
        Step(Contact, firm.contact(0, 0), firm.n_contacts, records.contacts),
        Step(Project, firm.project(0), firm.n_projects, records.projects),
        Step(Interaction, FIRST, firm.n_touches, touches.touches),
    ]


def batches(firm: BigFirm, *, size: int = BATCH) -> Iterator[tuple[int, int]]:
    """Load what is not there yet; after each batch, give how many places it and those before it had, of how many.

    Batches of the same `size` give the same rows.
    """
    plan = steps(firm)
    total, before = sum(step.count for step in plan), 0
    for step in plan:
        for first in range(step.done(), step.count, size):
            last = min(first + size, step.count)
            with transaction.atomic():
                for model, rows in step.rows(firm, first, last).items():
                    copy(model, rows)
            yield before + last, total
        before += step.count
    finish(firm)


def copy(model: type[Model], rows: Iterable[dict[str, Any]]) -> None:
    """Write rows of a model, each its values by column attribute; what is left out has the field's default."""
    fields = model._meta.concrete_fields
    quoted = ", ".join(connection.ops.quote_name(str(field.column)) for field in fields)
    template = {field.attname: field.get_default() for field in fields}
    documents = [field.attname for field in fields if isinstance(field, JSONField)]
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({quoted}) FROM STDIN") as writing:
        for row in rows:
            values = template | row
            for name in documents:
                values[name] = json.dumps(values[name], cls=DjangoJSONEncoder)
            writing.write_row(list(values.values()))


LAST_TOUCHES = """
    UPDATE {table} SET last_touch_at = touched.at
    FROM (SELECT {column} AS id, max(occurred_at) AS at FROM interactions_interaction WHERE is_touch GROUP BY 1) touched
    WHERE {table}.dossier_id = touched.id"""


def finish(firm: BigFirm) -> None:
    """Set what follows from the rows: touch clocks, sequences, the planner's statistics; the load is complete."""
    models = [model for step in steps(firm) for model in step.rows(firm, 0, 0)]
    with transaction.atomic(), connection.cursor() as cursor:
        for table, column in (("accounts_account", "account_id"), ("contacts_contact", "contact_id")):
            cursor.execute(LAST_TOUCHES.format(table=table, column=column))
        for statement in connection.ops.sequence_reset_sql(no_style(), list(dict.fromkeys(models))):
            cursor.execute(statement)
        Firm.objects.update(set_up_at=firm.at - timedelta(days=1))
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
