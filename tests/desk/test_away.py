"""Saying that one will be away."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.urls import reverse

from crm.poc.models import Absence
from tests.factories import AT
from tests.factories.poc import AbsenceFactory, PersonFactory, TeamFactory
from tests.factories.users import UserFactory

DAY = timedelta(days=1)


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


def test_about_a_topic_another_may_answer_and_one_may_be_away_from_it_alone(as_marta, marta):
    cover, accountant = PersonFactory.create_batch(2)
    as_marta.post("/away/", sent(marta, cover=cover.pk, cover_billing=accountant.pk))
    made = Absence.objects.order_by("pk").values_list("topic__code", "cover")
    assert list(made) == [(None, cover.pk), ("billing", accountant.pk)]
    as_marta.post("/away/", sent(marta, "2026-04-09", "2026-04-10", cover_billing=accountant.pk, is_partial="on"))
    assert [a.topic.code for a in Absence.objects.order_by("pk")[2:]] == ["billing"]
    response = as_marta.post("/away/", sent(marta, "2026-05-09", "2026-05-10", is_partial="on"))
    assert "Choose who answers about at least one." in response.content.decode()


def test_a_refusal_stands_beside_its_field(as_marta, marta):
    AbsenceFactory(poc=marta, starts_at=AT, ends_at=datetime(2026, 3, 10, tzinfo=UTC))
    html = as_marta.post("/away/", sent(marta)).content.decode()
    assert 'id="id_first_day_error"' in html
    html = as_marta.post("/away/", sent(marta, "2026-04-09", "2026-04-10", cover_billing=marta.pk)).content.decode()
    assert 'id="id_cover_billing_error"' in html
    assert Absence.objects.count() == 1


def test_the_form_is_filled_in_for_today_and_for_whom_the_address_names(as_marta, marta):
    member = PersonFactory(home_team=TeamFactory(lead=marta))
    html = as_marta.get(f"/away/?poc={member.pk}").content.decode()
    assert f'<option value="{member.pk}" selected>' in html
    assert 'value="2026-03-04"' in html
    for odd in ("x", "9" * 30, PersonFactory().pk):
        assert f'<option value="{marta.pk}" selected>' in as_marta.get(f"/away/?poc={odd}").content.decode()


def test_on_my_day_the_short_form_comes_in_its_place(as_marta, marta):
    cover = PersonFactory()
    html = as_marta.get("/away/", headers={"HX-Request": "true"}).content.decode()
    assert 'id="away-here"' in html
    assert "<html" not in html
    short = sent(marta, "2026-03-04", "2026-03-04", cover=cover.pk)
    assert as_marta.post("/away/", short)["Location"] == "/"
    day = as_marta.get("/").content.decode()
    assert "You are away until" in day
    own = Absence.objects.get()
    assert f"/away/{own.pk}/end/" in day
    assert as_marta.post(f"/away/{own.pk}/end/", {"next": "/"})["Location"] == "/"
    assert "You are away until" not in as_marta.get("/").content.decode()


def test_an_absence_is_moved_and_covered_by_another(as_marta, marta):
    own = AbsenceFactory(poc=marta, cover=PersonFactory())
    cy = PersonFactory()
    assert as_marta.get(f"/away/{own.pk}/").status_code == 200
    days = {"first_day": "2026-03-03", "last_day": "2026-03-05"}
    as_marta.post(f"/away/{own.pk}/", days | {"cover": own.cover_id, "reason": ""})
    own.refresh_from_db()
    assert (own.starts_at, own.ends_at) == (AT - DAY, AT + DAY)  # days left as they are keep their moments
    as_marta.post(f"/away/{own.pk}/", days | {"last_day": "2026-03-08", "cover": cy.pk, "reason": ""})
    goes_on = Absence.objects.latest("pk")
    assert (goes_on.cover, goes_on.starts_at, goes_on.ends_at) == (cy, AT, datetime(2026, 3, 9, tzinfo=UTC))


@pytest.mark.parametrize(
    ("days", "field"), [({"first_day": "2026-03-04"}, "first_day"), ({"last_day": "2026-03-03"}, "last_day")]
)
def test_what_cannot_be_changed_is_said_beside_its_day(as_marta, marta, days, field):
    own = AbsenceFactory(poc=marta)
    known = {"first_day": "2026-03-03", "last_day": "2026-03-05", "cover": "", "reason": ""}
    response = as_marta.post(f"/away/{own.pk}/", known | days)
    assert (response.status_code, f'id="id_{field}_error"' in response.content.decode()) == (422, True)


def test_a_lead_changes_and_ends_a_members_absence_and_a_stranger_finds_none(as_marta, marta, client):
    member = AbsenceFactory(poc=PersonFactory(home_team=TeamFactory(lead=marta)))
    stranger = AbsenceFactory(cover=marta)
    assert as_marta.get(f"/away/{member.pk}/").status_code == 200
    assert as_marta.post(f"/away/{member.pk}/end/").status_code == 302
    for url in (f"/away/{stranger.pk}/", f"/away/{stranger.pk}/end/"):
        assert as_marta.post(url).status_code == 404
    client.force_login(UserFactory(role="project_manager"))
    assert client.post(f"/away/{stranger.pk}/end/").status_code == 404
    client.force_login(UserFactory(role="read_only"))
    assert client.get(f"/away/{stranger.pk}/").status_code == 403


def test_support_says_for_itself_that_it_is_away(client, marta):
    person = PersonFactory(user=UserFactory(role="support"))
    client.force_login(person.user)
    assert client.post("/away/", sent(person)).status_code == 302


@pytest.mark.parametrize("n", [1, 30])
def test_the_page_asks_the_same_however_many_there_are(as_marta, marta, n, django_assert_num_queries):
    team = TeamFactory(lead=marta)
    for _n in range(n):
        AbsenceFactory(poc=PersonFactory(home_team=team), cover=PersonFactory())
    as_marta.get("/away/")
    # session, reader · topics · who may be entered, me · every name · what is planned
    with django_assert_num_queries(7):
        as_marta.get("/away/")


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
