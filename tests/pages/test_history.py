"""Who answered until now: for a record, on any day; for a person or a team; as pages and as files."""

import csv
from datetime import timedelta
from io import StringIO

import pytest
from django.test import Client

from crm.desk.merging import merge
from crm.dossiers.actions import refile
from crm.dossiers.models import Event
from crm.users.models import RoleScope
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.dossiers import EventFactory, topic
from tests.factories.poc import AbsenceFactory, AssignmentFactory, PersonFactory, TeamFactory
from tests.factories.projects import ProjectFactory
from tests.factories.users import actor, narrow

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def answered(client: Client, dossier, on):
    """Who answered on a day, topic → name."""
    seats = client.get(f"/d/{dossier.pk}/history/?on={on}").context["then"].seats
    return {seat.topic.code: "nobody" if seat.is_gap else seat.poc.name for seat in seats}


def lines(response):
    text = b"".join(response.streaming_content).decode()
    return list(csv.reader(StringIO(text.removeprefix("\ufeff"))))


# --- On a day


def test_a_day_is_answered_for_from_its_own_rows(as_rep: Client):
    dossier = AccountFactory().dossier
    AssignmentFactory(dossier=dossier, poc=PersonFactory(name="Ann"), ends_at=AT - 2 * DAY)
    away = AbsenceFactory(poc=PersonFactory(name="Bo"), cover=PersonFactory(name="Cy"))
    AssignmentFactory(dossier=dossier, poc=away.poc, starts_at=AT - 2 * DAY, ends_at=AT + 5 * DAY)
    assert answered(as_rep, dossier, "2026-03-01")["general"] == "Ann"
    assert answered(as_rep, dossier, "2026-03-02")["general"] == "Bo"
    assert answered(as_rep, dossier, "2026-03-04")["general"] == "Cy"
    assert answered(as_rep, dossier, "2026-03-20")["general"] == "nobody"
    page = as_rep.get(f"/d/{dossier.pk}/history/?on=2026-03-04").content.decode()
    assert "Bo is away until" in page


def test_a_rename_changes_nothing_about_the_past(as_rep: Client):
    held = AssignmentFactory(dossier=AccountFactory(name="Old").dossier, poc=PersonFactory(name="Ann"))
    refile(dossier=held.dossier, title="New", parent=None, tier=None, by=actor(), at=AT)
    assert answered(as_rep, held.dossier, "2026-03-01")["general"] == "Ann"


def test_somebody_who_left_since_still_stands_in_the_past(as_rep: Client):
    held = AssignmentFactory(dossier=AccountFactory().dossier, poc=PersonFactory(name="Ann", deactivated_at=AT))
    assert answered(as_rep, held.dossier, "2026-03-03")["general"] == "Ann"
    assert answered(as_rep, held.dossier, "2026-03-05")["general"] == "nobody"


def test_the_way_up_is_the_one_of_that_day(as_rep: Client):
    old, new = AccountFactory(name="Old group"), AccountFactory(name="New group")
    AssignmentFactory(dossier=old.dossier, poc=PersonFactory(name="Ann"))
    AssignmentFactory(dossier=new.dossier, poc=PersonFactory(name="Bo"))
    account = AccountFactory(parent=old)
    project = ProjectFactory(account=account)
    refile(dossier=account.dossier, title=account.name, parent=new.dossier, tier=None, by=actor(), at=AT)
    assert answered(as_rep, project.dossier, "2026-03-03")["general"] == "Ann"
    assert answered(as_rep, project.dossier, "2026-03-05")["general"] == "Bo"
    page = as_rep.get(f"/d/{project.pk}/history/?on=2026-03-03").content.decode()
    assert "belonged to another record then" in page
    assert f"{account.name} · Old group" in page


def test_a_move_that_does_not_say_from_where_is_said_to_be_unsure(as_rep: Client):
    account = AccountFactory(parent=AccountFactory())
    EventFactory(
        kind=Event.Kind.CHANGED,
        dossiers=[account.dossier],
        happened_at=AT,
        facts={"changes": {"parent": ["Old", "New"]}},
    )
    assert as_rep.get(f"/d/{account.pk}/history/?on=2026-03-03").context["then"].unsure
    assert not as_rep.get(f"/d/{account.pk}/history/?on=2026-03-05").context["then"].unsure


@pytest.mark.parametrize("on", ["", "soon", "2026-02-31", "0001-01-01", "%00", "9999-12-31"])
def test_what_is_no_day_shows_the_page_without_one(as_rep: Client, on):
    response = as_rep.get(f"/d/{AccountFactory().pk}/history/?on={on}")
    assert response.status_code == 200
    assert "then" not in response.context


def test_the_day_is_swapped_in_alone(as_rep: Client):
    account = AccountFactory()
    part = as_rep.get(f"/d/{account.pk}/history/?on=2026-03-04", headers={"HX-Request": "true"})
    assert part.content.decode().lstrip().startswith('<div id="then"')


# --- From the beginning


def test_everybody_who_ever_answered_stands_by_topic_and_place_with_their_absences(as_rep: Client):
    dossier = AccountFactory().dossier
    first = AssignmentFactory(dossier=dossier, ends_at=AT - 9 * DAY, reason="Founder")
    second = AssignmentFactory(dossier=dossier, starts_at=AT - 9 * DAY)
    backup = AssignmentFactory(dossier=dossier, rank=1)
    billing = AssignmentFactory(dossier=dossier, topic=topic("billing"), starts_at=AT + DAY)
    absence = AbsenceFactory(poc=second.poc)
    AbsenceFactory(poc=first.poc)  # after their time
    AbsenceFactory(poc=second.poc, topic=topic("billing"))  # about something else
    places = as_rep.get(f"/d/{dossier.pk}/history/").context["history"].places
    shown = [(p.topic.code, p.rank, [h.assignment for h in p.held]) for p in places]
    assert shown == [("general", 0, [second, first]), ("general", 1, [backup]), ("billing", 0, [billing])]
    assert [list(h.absences) for h in places[0].held] == [[absence], []]


def test_what_became_part_of_a_record_is_linked_until_that_is_undone(as_rep: Client):
    kept, gone, back = AccountFactory(), AccountFactory(), AccountFactory()
    for other, kind in ((gone, "merged"), (back, "merged"), (back, "unmerged")):
        facts = {"merged": other.pk, "into": kept.pk}
        EventFactory(kind=kind, dossiers=[kept.dossier, other.dossier], facts=facts)
    history = as_rep.get(f"/d/{kept.pk}/history/").context["history"]
    assert [m.record.pk for m in history.merged] == [gone.pk]
    assert as_rep.get(f"/d/{gone.pk}/history/").context["history"].merged_away.record.pk == kept.pk
    assert as_rep.get(f"/d/{back.pk}/history/").context["history"].merged_away is None


@pytest.mark.parametrize("n", [1, 12])
def test_the_page_of_a_record_costs_the_same_however_many_answered(as_rep: Client, django_assert_num_queries, n):
    account = AccountFactory(parent=AccountFactory())
    for rank in range(n):
        held = AssignmentFactory(dossier=account.dossier, rank=rank, decided_by=PersonFactory(signs_in=True).user)
        AbsenceFactory(poc=held.poc, cover=PersonFactory(), topic=topic())
    # session, reader · record · topics · the way up: parent and moves of two records · who answered: places, POCs,
    # words, titles · everybody, absences, handovers, merges from either side
    with django_assert_num_queries(17):
        as_rep.get(f"/d/{account.pk}/history/?on=2026-03-04")


# --- Of a person or a team


@pytest.mark.parametrize("n", [1, 30])
def test_the_page_of_a_person_costs_the_same_however_much_they_answered_for(
    as_rep: Client, django_assert_num_queries, n
):
    team = TeamFactory()
    for _n in range(n):
        AssignmentFactory(dossier=AccountFactory().dossier, poc=team, ends_at=AT)
        AbsenceFactory(poc=team, cover=PersonFactory(), starts_at=AT + _n * 5 * DAY, ends_at=AT + (_n * 5 + 1) * DAY)
    with django_assert_num_queries(5):  # session, reader · who it is · what they answered for · absences
        assert len(as_rep.get(f"/pocs/{team.pk}/history/").context["page"]) == n


def test_what_somebody_answered_for_is_paged_from_the_newest(as_rep: Client):
    ann = PersonFactory()
    held = [AssignmentFactory(dossier=AccountFactory().dossier, poc=ann, starts_at=AT + n * DAY) for n in range(51)]
    first = as_rep.get(f"/pocs/{ann.pk}/history/").context["page"]
    assert first.rows[0] == held[-1]
    older = as_rep.get(f"/pocs/{ann.pk}/history/?{first.older_query}").context["page"]
    assert [*first, *older] == held[::-1]


def test_a_narrow_reader_sees_of_others_what_lies_in_their_own_view(as_rep: Client, rep):
    narrow("sales_rep", RoleScope.Sees.OWN)
    mine = AssignmentFactory(dossier=AccountFactory().dossier, poc=PersonFactory(user=rep))
    ann = AbsenceFactory().poc
    shared = AssignmentFactory(dossier=mine.dossier, poc=ann, rank=1)
    hidden = AssignmentFactory(dossier=AccountFactory().dossier, poc=ann)
    response = as_rep.get(f"/pocs/{ann.pk}/history/")
    assert list(response.context["page"]) == [shared]
    assert response.context["absences"] == []
    assert [row[0] for row in lines(as_rep.get(f"/pocs/{ann.pk}/history.csv"))[1:]] == [mine.dossier.title]
    for address in ("history/", "history.csv"):
        assert as_rep.get(f"/d/{hidden.dossier_id}/{address}").status_code == 404


# --- As a file


def test_the_file_of_a_record_has_everybody_and_runs_nothing(as_rep: Client):
    held = AssignmentFactory(dossier=AccountFactory(name="=HYPERLINK(1)").dossier, ends_at=AT, reason="@x")
    response = as_rep.get(f"/d/{held.dossier_id}/history.csv")
    assert response.streaming
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    head, row = lines(response)
    assert head == ["Record", "About", "Place", "Who", "From", "Until", "Reason", "Decided by"]
    assert row == [
        "'=HYPERLINK(1)", "General", "answers", held.poc.name, "2020-01-01T00:00:00+00:00",
        "2026-03-04T12:00:00+00:00", "'@x", "",
    ]  # fmt: skip


# --- After a merge


def test_what_was_merged_keeps_its_own_past_and_what_it_had_is_answered_for_as_it_was(as_rep: Client):
    keep, drop = AccountFactory(name="Keep"), AccountFactory(name="Drop")
    AssignmentFactory(dossier=keep.dossier, poc=PersonFactory(name="Ann"))
    held = AssignmentFactory(dossier=drop.dossier, poc=PersonFactory(name="Bo"))
    project = ProjectFactory(account=drop)
    merge(keep=keep, drop=drop, by=actor(), at=AT)
    assert answered(as_rep, project.dossier, "2026-03-03")["general"] == "Bo"
    assert answered(as_rep, project.dossier, "2026-03-05")["general"] == "Ann"
    assert answered(as_rep, drop.dossier, "2026-03-03")["general"] == "Bo"
    survivor = as_rep.get(f"/d/{keep.pk}/history/").context["history"]
    assert [merged.record.pk for merged in survivor.merged] == [drop.pk]
    gone = as_rep.get(f"/d/{drop.pk}/history/").context["history"]
    assert gone.merged_away.record.pk == keep.pk
    assert [[h.assignment.pk for h in place.held] for place in gone.places] == [[held.pk]]
