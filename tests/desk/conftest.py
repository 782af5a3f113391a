"""Who looks at the day: Marta, a sales rep, at noon on a Wednesday."""

import csv
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import translation

from tests.desk import sales
from tests.factories import AT
from tests.factories.poc import PersonFactory
from tests.factories.users import UserFactory


@pytest.fixture
def marta(db, clock):
    clock.freeze(AT)
    return PersonFactory(name="Marta Ruiz", user=UserFactory(name="Marta Ruiz", role="sales_rep"))


@pytest.fixture
def as_marta(marta, client):
    client.force_login(marta.user)
    return client


@pytest.fixture(autouse=True)
def the_language_of_a_reader_ends_with_the_test():
    """A request leaves its language active in this thread."""
    yield
    translation.activate("en")


@pytest.fixture
def bring(tmp_path):
    """Import a folder of sales (the invented tables, or with other lines) and return the report, a dict a line."""

    def bring(by="", **lines):
        folder = lines.pop("folder", None) or sales.write(tmp_path / "sales", **lines)
        out = StringIO()
        call_command("import_data", "crm_sales", folder, report=tmp_path / "report.csv", by=by, stdout=out)
        with (tmp_path / "report.csv").open(newline="") as file:
            bring.summary = out.getvalue()
            return list(csv.DictReader(file))

    return bring
