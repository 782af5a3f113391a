"""What a reader owes is decided when they read it; what they were told stands in their inbox."""

import pytest

from crm.commitments import actions, inbox
from crm.commitments.actions import notify
from crm.commitments.models import Commitment
from crm.outbox.models import Message
from tests.commitments.conftest import MONDAY, WEDNESDAY, moment
from tests.commitments.planning.test_planner import hand_over
from tests.factories.dossiers import DossierFactory, topic
from tests.factories.poc import AbsenceFactory, AssignmentFactory, PersonFactory, TeamFactory, front_desk

SUNDAY = moment("Sun 00:00")


def titles(poc_ids, *, at=MONDAY, before=SUNDAY) -> list[str]:
    return [owed.title for owed in inbox.read(poc_ids, at=at, before=before).owed]


def used_up(poc_ids, *, at) -> list[str]:
    return [owed.title for owed in inbox.read(poc_ids, at=at, before=SUNDAY).used_up]


def test_a_floating_promise_is_owed_by_whoever_answers(house):
    house.promise()
    assert titles([house.ann.pk]) == ["Call Ms Lima"]
    assert titles([house.ben.pk]) == titles([house.lea.pk]) == titles([house.dora.pk]) == []


def test_one_given_by_name_is_owed_by_that_one(house):
    house.promise(poc=house.ben)
    assert titles([house.ben.pk]) == ["Call Ms Lima"]
    assert titles([house.ann.pk]) == []


@pytest.mark.parametrize("given", [True, False])
def test_during_an_absence_the_cover_owes_it(house, given):
    cover = PersonFactory()
    AbsenceFactory(poc=house.ann, cover=cover, starts_at=MONDAY, ends_at=WEDNESDAY)
    house.promise(poc=house.ann if given else None)
    assert titles([cover.pk]) == ["Call Ms Lima"]
    assert titles([house.ann.pk]) == []
    assert titles([house.ann.pk], at=WEDNESDAY) == ["Call Ms Lima"]


def test_without_a_cover_the_backup_owes_it_else_the_lead(house):
    AbsenceFactory(poc=house.ann, starts_at=MONDAY, ends_at=WEDNESDAY)
    house.promise()
    assert titles([house.ben.pk]) == ["Call Ms Lima"]
    house.record.assignments.filter(rank=1).delete()
    assert titles([house.lea.pk]) == ["Call Ms Lima"]


def test_what_stands_above_a_record_answers_for_it(house):
    child = DossierFactory(title="Branch", parent=house.record, home=None)
    project = DossierFactory(kind="project", title="Website", parent=child)
    house.promise(dossier=project)
    assert titles([house.ann.pk]) == ["Call Ms Lima"]


def test_a_team_s_promises_are_its_members_and_its_leads(house):
    team = TeamFactory(members=[house.ben], lead=house.lea)
    house.promise(poc=team)
    for person in (house.ben, house.lea):
        assert titles(inbox.pocs_of(person.user)) == ["Call Ms Lima"]
    assert titles(inbox.pocs_of(house.dora.user)) == []


def test_what_nobody_answers_for_is_the_front_desks(house):
    house.promise(dossier=DossierFactory())
    billing_only = DossierFactory()
    AssignmentFactory(dossier=billing_only, topic=topic("billing"))
    house.promise(dossier=billing_only, title="On general")
    all_away = DossierFactory()
    AbsenceFactory(poc=AssignmentFactory(dossier=all_away).poc, starts_at=MONDAY, ends_at=WEDNESDAY)
    house.promise(dossier=all_away, title="All away")
    house.promise(title="Answered for")
    mine = inbox.pocs_of(house.dora.user)
    assert front_desk().pk in mine
    assert sorted(titles(mine)) == ["All away", "Call Ms Lima", "On general"]


def test_only_what_is_due_by_then_and_the_soonest_first(house):
    house.promise(title="Later", due_at=moment("Fri 10:00"))
    house.promise(title="Sooner", due_at=moment("Tue 10:00"))
    house.promise(title="Next week", due_at=moment("Tue+ 10:00"))
    assert titles([house.ann.pk]) == ["Sooner", "Later"]


@pytest.mark.parametrize("is_far", [False, True], ids=["next", "rounds later"])
def test_what_others_owe_hides_nothing_of_mine(house, monkeypatch, is_far):
    monkeypatch.setattr(inbox, "MOST", 3)
    monkeypatch.setattr(inbox, "AT_ONCE", 2 if is_far else 100)
    AssignmentFactory(dossier=house.record, poc=house.ben, topic=topic("billing"))
    for n in range(6):  # on another topic, and on the same minute
        house.promise(title=f"Theirs {n}", due_at=moment("Tue 10:00"))
    for n in range(4):
        house.promise(title=f"Mine {n}", topic=topic("billing"), due_at=moment("Tue 12:00"))
    found = inbox.read([house.ben.pk], at=moment("Tue 13:00"), before=SUNDAY).owed
    assert [(c.title, c.owner) for c in found] == [(f"Mine {n}", house.ben) for n in range(3)]


def test_what_others_lead_hides_nothing_of_what_i_am_to_see_used_up(house, monkeypatch):
    monkeypatch.setattr(inbox, "MOST", 2)
    AssignmentFactory(dossier=house.record, poc=house.ben, topic=topic("billing"))  # nobody leads Ben
    for n in range(3):
        house.promise(title=f"Ben's {n}", topic=topic("billing"), due_at=moment("Tue 10:00"))
    house.promise(title="Ann's", due_at=moment("Tue 12:00"))
    Commitment.objects.update(used_up_at=moment("Tue 13:00"))
    assert used_up([house.lea.pk], at=moment("Tue 14:00")) == ["Ann's"]


def test_settled_and_snoozed_ones_are_not_shown_until_the_snooze_ends(house):
    actions.keep(commitment=house.promise(), by=house.by, at=MONDAY)
    snoozed = house.promise(title="Snoozed")
    actions.snooze(commitment=snoozed, until=moment("Thu 10:00"), by=house.by, at=MONDAY)
    assert titles([house.ann.pk]) == []
    assert titles([house.ann.pk], at=moment("Thu 10:00")) == ["Snoozed"]


@pytest.mark.parametrize("n", [1, 40])
def test_what_is_owed_costs_the_same_however_much(house, django_assert_num_queries, n):
    for i in range(n):
        house.promise(dossier=house.record if i % 2 else DossierFactory(parent=house.record), title=f"Call {i}")
    # the front desk, who is away, whom one leads, whom these lead · homes, what is below, what is owed there · homes,
    # what is used up there · what was escalated · who answers: places, POCs
    with django_assert_num_queries(12):
        assert len(titles([house.ann.pk])) == n


def test_escalations_are_shown_to_whom_they_went_while_they_are_owed(house):
    commitment = house.promise()
    for text in ("Wed 10:00", "Wed 14:00"):
        hand_over(house.sweep_at(text))
    assert list(inbox.escalated_to([house.ben.pk])) == [commitment]
    assert list(inbox.escalated_to([house.ann.pk])) == []
    hand_over(house.sweep_at("Thu 14:00"))
    assert list(inbox.escalated_to([house.ben.pk])) == list(inbox.escalated_to([house.lea.pk])) == [commitment]
    actions.keep(commitment=commitment, by=house.by, at=moment("Thu 15:00"))
    assert list(inbox.escalated_to([house.lea.pk])) == []


def test_a_used_up_ladder_stands_on_the_leads_day(house):
    house.promise()
    for text in ("Wed 10:00", "Wed 14:00", "Thu 14:00", "Fri 14:00"):
        hand_over(house.sweep_at(text))
    assert used_up(inbox.pocs_of(house.lea.user), at=moment("Fri 15:00")) == ["Call Ms Lima"]
    assert used_up([house.ann.pk], at=moment("Fri 15:00")) == []


def test_entries_say_what_was_told_in_two_queries_and_one_for_names(house, django_assert_num_queries):
    house.promise()
    notify(
        idem_key="e:1:logged", kind="logged", recipient_poc_ids=[house.ann.pk], dossier=house.record,
        context={"contact": "Ms Lima", "user": "Max"}, by=house.by, at=MONDAY,
    )  # fmt: skip
    at = house.sweep_at("Tue 10:00")
    with django_assert_num_queries(3):
        entries = inbox.entries(inbox.notices_to([house.ann.pk]), at=at)
    assert [[line.headline for line in entry.lines] for entry in entries] == [
        ["Due Wed 4 Mar, 10:00: Call Ms Lima"],
        ["New with Atlantico: Ms Lima"],
    ] or [[line.headline for line in entry.lines] for entry in entries][::-1]
    assert Message.objects.unread().in_inbox_of([house.ann.pk]).count() == 2
