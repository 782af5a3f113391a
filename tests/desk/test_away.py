"""Saying that one will be away."""

from datetime import UTC, date, datetime

import pytest
from django.urls import reverse

from crm.poc.models import Absence
from tests.factories import AT
from tests.factories.poc import AbsenceFactory, PersonFactory, TeamFactory
from tests.factories.users import UserFactory


def sent(poc, first="2026-03-09", last="2026-03-13", **fields):
    return {"poc": poc.pk, "first_day": first, "last_day": last} | fields


def test_one_is_away_over_whole_days_and_covered(as_marta, marta):
    cover = PersonFactory()
    assert as_marta.get("/away/").status_code == 200
    as_marta.post("/away/", sent(marta, cover=cover.pk, reason="Skiing"))
    absence = Absence.objects.get()
    assert (absence.poc, absence.cover, absence.reason) == (marta, cover, "Skiing")
    assert (absence.starts_at, absence.ends_at) == (
        datetime(2026, 3, 9, tzinfo=UTC), datetime(2026, 3, 14, tzinfo=UTC),
    )  # fmt: skip


def test_days_are_those_of_the_readers_zone(as_marta, marta):
    marta.user.time_zone = "America/Los_Angeles"
    marta.user.save()
    as_marta.post("/away/", sent(marta))
    absence = Absence.objects.get()
    assert absence.starts_at == datetime(2026, 3, 9, 7, tzinfo=UTC)
    assert absence.ends_at.astimezone(UTC).date() == date(2026, 3, 14)


def test_a_day_that_has_begun_counts_from_now(as_marta, marta):
    as_marta.post("/away/", sent(marta, first="2026-03-04"))
    assert Absence.objects.get().starts_at == AT


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"first": "2026-03-13", "last": "2026-03-09"}, "The last day lies before the first."),
        ({"first": "", "last": ""}, "This field is required."),
        ({"first": "soon"}, "Enter a valid date."),
        ({"cover": 4711}, "Select a valid choice."),
    ],
)
def test_what_cannot_be_is_said(as_marta, marta, fields, said):
    response = as_marta.post("/away/", sent(marta, **fields))
    assert (response.status_code, said in response.content.decode()) == (422, True)
    assert not Absence.objects.exists()


def test_nobody_covers_for_themselves_nor_twice_in_the_same_time(as_marta, marta):
    assert as_marta.post("/away/", sent(marta, cover=marta.pk)).status_code == 422
    AbsenceFactory(poc=marta, starts_at=AT, ends_at=datetime(2026, 3, 10, tzinfo=UTC))
    response = as_marta.post("/away/", sent(marta))
    assert (response.status_code, "an absence in this time" in response.content.decode()) == (422, True)


def test_one_enters_oneself_and_those_one_leads_and_managers_enter_anybody(as_marta, marta, client):
    stranger, member = PersonFactory(), PersonFactory(home_team=TeamFactory(lead=marta))
    assert as_marta.post("/away/", sent(stranger)).status_code == 422
    assert as_marta.post("/away/", sent(member)).status_code == 302
    client.force_login(UserFactory(account_manager=True))
    assert client.post("/away/", sent(stranger)).status_code == 302


def test_one_takes_ones_own_back_and_nobody_elses(as_marta, marta):
    own = AbsenceFactory(poc=marta)
    other = AbsenceFactory()
    assert as_marta.post(reverse("desk:away_end", args=[other.pk])).status_code == 404
    assert as_marta.get(reverse("desk:away_end", args=[own.pk])).status_code == 405
    as_marta.post(reverse("desk:away_end", args=[own.pk]))
    own.refresh_from_db()
    assert own.ends_at == AT


def test_who_may_only_read_enters_nothing(client, db):
    client.force_login(UserFactory(role="read_only"))
    assert client.get("/away/").status_code == 403
