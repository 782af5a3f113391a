"""Which index each list walks: on a table of millions the only way to its first page, and to its far ones."""

import pytest
from django.db import connection
from django.db.models import DateTimeField
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext

from accounts.models import Account
from contacts.models import Contact, ContactEmail, ContactPhone
from crm.commitments import inbox
from crm.commitments.models import Commitment
from crm.core import paging
from crm.core.paging import Order
from crm.dossiers.models import Dossier
from crm.poc.models import Assignment
from interactions.models import FollowUp, Interaction
from projects.models import Project

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]
NAME = Order("dossier__title_key", Dossier._meta.get_field("title_key"))
HAPPENED, DUE = Order("occurred_at", DateTimeField()), Order("due_at", DateTimeField())
LISTS = {  # rows, how they are sorted, the index
    "accounts": (Account.objects.current().for_list(), NAME, "-name", "dossier_by_title"),
    "contacts": (Contact.objects.current().for_rows(), NAME, "name", "dossier_by_title"),
    "contacts in the API": (Contact.objects.for_list(), NAME, "name", "dossier_by_title"),
    "projects": (Project.objects.running().for_list(), NAME, "name", "dossier_by_title"),
    "touches": (Interaction.objects.current().for_list(), HAPPENED, "-at", "interaction_newest"),
    "callers to sort": (
        Interaction.objects.current().to_sort().for_list(), HAPPENED, "-at", "interaction_to_sort"
    ),
    "everything owed": (Commitment.objects.for_list(), DUE, "at", "commitment_by_due"),
    "everything owed in a home": (Commitment.objects.filter(home=1), DUE, "at", "commitment_of_a_home_by_due"),
    "what is open": (Commitment.objects.open().for_list(), DUE, "at", "commitment_open_by_due"),
    "follow-ups": (
        FollowUp.objects.for_list(), Order("commitment__due_at", DateTimeField()), "at", "commitment_by_due"
    ),
    "assignments": (
        Assignment.objects.for_list(), Order("starts_at", DateTimeField()), "-at", "assignment_by_start"
    ),
}  # fmt: skip


@pytest.fixture(autouse=True)
def as_on_large_tables(db):
    """Tables too large to read whole, and to sort."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_sort = off")


def plan_of_page(called, after=""):
    """How PostgreSQL goes about one page of a list."""
    rows, order, sort, _index = LISTS[called]
    with CaptureQueriesContext(connection) as asked:
        paging.page(
            rows.all(), orders={sort.removeprefix("-"): order}, sort=sort, query=QueryDict(after and f"after={after}")
        )
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {asked.captured_queries[0]['sql']}")
        return "\n".join(line for (line,) in cursor.fetchall())


@pytest.mark.parametrize("called", LISTS)
def test_a_list_walks_its_index_from_any_place_on(called):
    _rows, order, _sort, index = LISTS[called]
    assert index in plan_of_page(called)
    key = "m" if order is NAME else "2026-03-04T10:00:00+00:00"
    far = plan_of_page(called, paging.place(key, 7))
    assert "Index Cond: (" in far.split(index, 1)[1].split("->", 1)[0]  # begins at the place, not at the start


@pytest.mark.parametrize(
    ("rows", "index"),
    [
        (Dossier.objects.filter(title_key__contains="marvila"), "dossier_letters"),
        (ContactPhone.objects.filter(digits__contains="345678"), "contact_phone_any_digits"),
        (ContactPhone.objects.filter(e164__contains="345678"), "contact_phone_any_e164"),
        (ContactEmail.objects.filter(address_key__contains="lima@"), "contact_email_any_part"),
    ],
)
def test_what_is_looked_up_by_a_part_of_it_is_found_by_an_index(rows, index):
    assert index in rows.explain()


def test_what_was_escalated_to_a_reader_is_looked_up_thing_by_thing():
    plan = inbox.escalated_to([1]).explain()
    assert "notification_of_a_step" in plan and "Index Cond: (commitment_id = commitments_commitment.id)" in plan
    assert "hashed" not in plan  # of all that was ever told
