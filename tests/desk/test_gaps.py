"""Who is not really answered for: what each list holds and says, for whom, and what it costs."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from contacts.models import ContactRole
from crm.desk import gaps
from crm.desk.gaps import people
from crm.dossiers.models import Dossier
from crm.handovers.actions import assign, end_assignment
from crm.handovers.held import Group
from crm.handovers.leaving import Choices, leave
from crm.poc.models import PointOfContact
from crm.users.models import RoleScope
from interactions.models import TouchPoint
from projects.models import Project
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.contacts import ContactFactory, role
from tests.factories.dossiers import DossierFactory, channel, tier, topic
from tests.factories.poc import (
    AbsenceFactory,
    AssignmentFactory,
    MembershipFactory,
    PersonFactory,
    TeamFactory,
    front_desk,
)
from tests.factories.projects import ProjectFactory
from tests.factories.users import UserFactory, actor, narrow

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def reader(db):
    return UserFactory(superuser=True)


def all_rows(code, user, **narrowed):
    """Every row of a list, page by page."""
    found, cursor = [], ""
    while True:
        rows, cursor = gaps.rows(code, user, cursor=cursor, **({"at": AT, "size": 3} | narrowed))
        found += rows
        if not cursor:
            return found


def listed(code, user, **narrowed):
    """What a list names: records by their title, people by their name."""
    return [(row.record.title if row.record else row.poc.name) for row in all_rows(code, user, **narrowed)]


def count(code, user, **narrowed):
    return gaps.counts(user, at=AT, **narrowed)[code]


# --- Nobody answers


def test_a_gap_stands_once_on_the_account_with_what_lies_below_it(reader):
    firm = AccountFactory(name="Rio")
    ContactFactory(account=firm)
    ProjectFactory(account=firm)
    AssignmentFactory(dossier=ProjectFactory(account=firm).dossier)
    ContactFactory(name="Alone")
    assert {row.record.title: row.n for row in all_rows("unanswered", reader)} == {"Rio": 2, "Alone": 0}


def test_a_kind_lists_every_record_of_it_also_those_below_a_gap(reader):
    contact = ContactFactory(name="Ana", account=AccountFactory())
    ContactFactory(account=AssignmentFactory(dossier=AccountFactory().dossier).dossier.account)
    assert listed("unanswered", reader, kind="contact") == [contact.name]


def test_what_lies_below_an_archived_account_is_mended_on_itself(reader):
    project = ProjectFactory(name="Left over", account=AccountFactory(archived_at=AT))
    assert listed("unanswered", reader) == [project.name]


def test_an_account_below_an_answered_one_is_no_gap_and_archived_ones_never_are(reader):
    group = AccountFactory()
    AssignmentFactory(dossier=group.dossier)
    AccountFactory(parent=group)
    AccountFactory(archived_at=AT)
    assert count("unanswered", reader) == 0


def test_one_named_about_billing_alone_leaves_a_gap_but_not_about_billing(reader):
    firm = AccountFactory()
    AssignmentFactory(dossier=firm.dossier, topic=topic("billing"))
    assert listed("unanswered", reader) == [firm.name]
    assert listed("unanswered", reader, topic="billing") == []
    assert listed("unanswered", reader, topic="delivery") == [firm.name]


def test_where_unknown_callers_are_kept_the_front_desk_is_meant_to_answer(reader):
    door = DossierFactory(kind=Dossier.Kind.TOUCH_POINT, title="Hotline")
    TouchPoint.objects.create(dossier=door, channel=channel())
    assert TouchPoint.objects.filter(is_default=True).exists()
    assert listed("unanswered", reader) == ["Hotline"]


def test_it_says_who_is_named_and_not_there(reader):
    AssignmentFactory(dossier=AccountFactory(name="A").dossier, poc=PersonFactory(name="Bo", deactivated_at=AT))
    AccountFactory(name="B")
    said = {row.record.title: row.says for row in all_rows("unanswered", reader)}
    assert said == {"A": "Bo no longer answers", "B": "Nobody is named, here or above"}


def test_tier_narrows_and_a_contact_has_that_of_its_account(reader):
    best = AccountFactory(name="Best", tier=tier("a"))
    AccountFactory(tier=tier("b"))
    contact = ContactFactory(account=best)
    assert listed("unanswered", reader, tier="a") == ["Best"]
    assert listed("unanswered", reader, tier="a", kind="contact") == [contact.name]


# --- Away without cover


def away_with(**fields):
    """Somebody away who answers for one account."""
    absence = AbsenceFactory(**fields)
    AssignmentFactory(dossier=AccountFactory().dossier, poc=absence.poc)
    return absence


def test_away_without_a_cover_now_or_soon(reader):
    now = away_with()
    soon = away_with(starts_at=AT + 3 * DAY, ends_at=AT + 4 * DAY)
    later = away_with(starts_at=AT + 20 * DAY, ends_at=AT + 21 * DAY)
    away_with(cover=PersonFactory())
    away_with(ends_at=AT)  # back again
    AbsenceFactory()  # answers for nothing
    assert [row.id for row in all_rows("absent", reader)] == [now.pk, soon.pk]
    assert [row.id for row in all_rows("absent", reader, days=30)] == [now.pk, soon.pk, later.pk]


def test_a_cover_who_is_not_there_either_is_none(reader):
    second = AbsenceFactory()
    first = away_with(cover=second.poc)
    assert [(row.id, row.says) for row in all_rows("absent", reader)] == [
        (first.pk, f"{second.poc.name} was to cover and is not there")
    ]


def test_an_absence_about_a_topic_counts_where_one_answers_about_it_or_about_everything(reader):
    away = PersonFactory()
    absence = AbsenceFactory(poc=away, topic=topic("billing"))
    AssignmentFactory(dossier=AccountFactory().dossier, poc=away, topic=topic("delivery"))
    assert count("absent", reader) == 0
    firm = AccountFactory()
    AssignmentFactory(dossier=firm.dossier, poc=away)
    AssignmentFactory(dossier=firm.dossier, poc=away, topic=topic("billing"))
    assert [(row.id, row.n) for row in all_rows("absent", reader)] == [(absence.pk, 1)]


def test_covered_about_a_topic_and_not_otherwise(reader):
    away = PersonFactory()
    open_ = AbsenceFactory(poc=away)
    AbsenceFactory(poc=away, topic=topic("billing"), cover=PersonFactory())
    AssignmentFactory(dossier=AccountFactory().dossier, poc=away, topic=topic("billing"))
    assert count("absent", reader) == 0
    AssignmentFactory(dossier=AccountFactory().dossier, poc=away)
    assert [(row.id, row.n) for row in all_rows("absent", reader)] == [(open_.pk, 1)]


def test_only_what_is_held_now_and_first_is_counted(reader):
    absence = away_with()
    for fields in ({"rank": 1}, {"ends_at": AT - DAY}, {"starts_at": AT + 2 * DAY}):
        AssignmentFactory(dossier=AccountFactory().dossier, poc=absence.poc, **fields)
    AssignmentFactory(dossier=AccountFactory(archived_at=AT).dossier, poc=absence.poc)
    assert [row.n for row in all_rows("absent", reader)] == [1]


def test_a_backup_who_comes_in_is_no_cover(reader):
    absence = away_with()
    AssignmentFactory(dossier=absence.poc.assignments.get().dossier, rank=1)
    assert count("absent", reader) == 1
    assert count("unanswered", reader) == 0


# --- Gone but still named


def test_gone_but_named_as_first_backup_or_for_later(reader):
    gone = PersonFactory(name="Gone", deactivated_at=AT - DAY)
    empty = TeamFactory(name="Empty")
    AssignmentFactory(dossier=AccountFactory().dossier, poc=gone, rank=1)
    AssignmentFactory(dossier=AccountFactory().dossier, poc=gone, starts_at=AT + DAY)
    AssignmentFactory(dossier=AccountFactory().dossier, poc=gone, ends_at=AT)
    AssignmentFactory(dossier=AccountFactory().dossier, poc=empty)
    AssignmentFactory(dossier=AccountFactory().dossier)
    assert [(row.poc.name, row.n) for row in all_rows("inactive", reader)] == [("Empty", 1), ("Gone", 2)]


# --- Ended, and nobody follows


def ended(ends_at, **fields):
    return AssignmentFactory(ends_at=ends_at, **({"dossier": AccountFactory().dossier} | fields))


def test_what_ended_lately_or_ends_soon_without_a_successor(reader):
    lately, soon = ended(AT - DAY), ended(AT + 10 * DAY)
    ended(AT - 100 * DAY), ended(AT + 20 * DAY)
    assert [row.id for row in all_rows("past_end", reader)] == [soon.pk, lately.pk]


def test_somebody_follows_also_after_a_while_but_a_withdrawn_plan_is_nobody(reader):
    followed = ended(AT - 2 * DAY)
    AssignmentFactory(dossier=followed.dossier, starts_at=AT + 5 * DAY)
    open_ = ended(AT - 2 * DAY)
    AssignmentFactory(dossier=open_.dossier, starts_at=AT, ends_at=AT)
    AssignmentFactory(dossier=open_.dossier, topic=topic("billing"))
    AssignmentFactory(dossier=open_.dossier, rank=1)
    assert [row.id for row in all_rows("past_end", reader)] == [open_.pk]


def test_a_project_that_is_over_needs_nobody(reader):
    ended(AT - DAY, dossier=ProjectFactory(phase=Project.Phase.DONE).dossier)
    ended(AT - DAY, dossier=ProjectFactory(archived_at=AT).dossier)
    assert count("past_end", reader) == 0


def test_it_says_who_is_left(reader):
    firm = AccountFactory()
    AssignmentFactory(dossier=firm.dossier, poc=PersonFactory(name="Ann"))
    ended(AT - DAY, dossier=firm.dossier, topic=topic("billing"), poc=PersonFactory(name="Bo"))
    ended(AT + DAY, poc=PersonFactory(name="Cy"))
    assert [row.says for row in all_rows("past_end", reader)] == [
        "Cy ends on 5 Mar 2026, then only the front desk",
        "Bo until 3 Mar 2026, now Ann",
    ]


# --- Too much


def test_too_many_is_more_than_one_chooses_and_counts_records_not_topics(reader):
    busy, shared = PersonFactory(name="Busy"), TeamFactory(members=[PersonFactory()])
    for _n in range(3):
        firm = AccountFactory()
        AssignmentFactory(dossier=firm.dossier, poc=busy)
        AssignmentFactory(dossier=firm.dossier, poc=busy, topic=topic("billing"))
        AssignmentFactory(dossier=AccountFactory().dossier, poc=shared)
        AssignmentFactory(dossier=AccountFactory().dossier, poc=busy, rank=1)
    assert [(row.poc.name, row.n) for row in all_rows("overloaded", reader, over=2)] == [("Busy", 3)]
    assert count("overloaded", reader, over=3) == 0
    assert count("overloaded", reader) == 0


@pytest.mark.parametrize(("numbers", "most"), [([], 30), ([1, 2, 3], 30), ([5, 20, 400], 60), ([100, 200, 300], 150)])
def test_too_many_is_thrice_the_usual_between_thirty_and_a_hundred_and_fifty(numbers, most):
    assert people.too_many(numbers) == most


# --- Nobody else


def test_a_backup_a_lead_an_account_or_a_cover_is_somebody_else(reader):
    alone = AssignmentFactory(dossier=AccountFactory().dossier, poc=PersonFactory(name="Alone"))
    backed = AssignmentFactory(dossier=AccountFactory().dossier)
    AssignmentFactory(dossier=backed.dossier, rank=1)
    AssignmentFactory(dossier=AccountFactory().dossier, poc=PersonFactory(home_team=TeamFactory(lead=PersonFactory())))
    AssignmentFactory(dossier=AccountFactory(parent=backed.dossier.account).dossier)
    AssignmentFactory(dossier=AccountFactory().dossier, poc=TeamFactory(members=[PersonFactory()]))
    assert [(row.poc, row.n) for row in all_rows("single_point", reader)] == [(alone.poc, 1)]


def test_one_who_holds_the_account_and_its_project_is_alone_for_both(reader):
    ann, firm = PersonFactory(), AccountFactory()
    AssignmentFactory(dossier=firm.dossier, poc=ann)
    AssignmentFactory(dossier=ProjectFactory(account=firm).dossier, topic=topic("billing"), poc=ann)
    assert [(row.poc, row.n) for row in all_rows("single_point", reader)] == [(ann, 2)]


# --- Nobody on their side


def test_an_account_without_a_contact_and_one_without_for_a_topic_of_ours(reader):
    AccountFactory(name="Empty")
    half = AccountFactory(name="Half")
    ContactFactory(account=half, roles=[role("billing")])
    for about in ("general", "billing", "delivery"):
        AssignmentFactory(dossier=half.dossier, topic=topic(about))
    AssignmentFactory(dossier=ProjectFactory(account=half).dossier, topic=topic("technical"))
    ContactFactory(account=AccountFactory(name="Whole"))
    said = {row.record.title: (row.says, [t.code for t in row.topics]) for row in all_rows("their_side", reader)}
    assert said == {
        "Empty": ("No contact at all", []),
        "Half": ("No contact for: technical, delivery", ["technical", "delivery"]),
    }


def test_archived_contacts_are_none_and_a_role_may_carry_the_topic(reader):
    firm = AccountFactory(name="Rio")
    ContactFactory(account=firm, archived_at=AT, roles=[role("delivery")])
    AssignmentFactory(dossier=firm.dossier, topic=topic("delivery"))
    assert listed("their_side", reader) == ["Rio"]
    contact = ContactFactory(account=firm)
    assert [row.says for row in all_rows("their_side", reader)] == ["No contact for: delivery"]
    contact.roles.add(ContactRole.objects.get(code="delivery"))
    assert listed("their_side", reader) == []


# --- At once, after an act


def test_a_last_one_who_ends_leaves_a_gap_at_once(reader):
    firm = AccountFactory(name="Rio").dossier
    held = assign(dossier=firm, topic=topic(), poc=PersonFactory(), by=actor(), at=AT - DAY)
    assert (count("unanswered", reader), count("past_end", reader)) == (0, 0)
    end_assignment(assignment=held, reason="Moves on", leave_open=True, by=actor(), at=AT)
    assert (listed("unanswered", reader), listed("past_end", reader)) == (["Rio"], ["Rio"])


def test_somebody_who_leaves_their_places_open_leaves_gaps_at_once(reader):
    held = AssignmentFactory(dossier=AccountFactory(name="Rio").dossier)
    leave(poc=held.poc, choices=Choices(dict.fromkeys(Group.values)), reason="Retires", by=actor(), at=AT)
    assert (listed("unanswered", reader), listed("past_end", reader)) == (["Rio"], ["Rio"])


def test_a_team_that_ends_with_its_last_one_leaves_gaps_at_once(reader):
    member = PersonFactory()
    team = TeamFactory(name="AR", members=[member])
    AssignmentFactory(dossier=AccountFactory(name="Rio").dossier, poc=team)
    assert count("unanswered", reader) == 0
    leave(poc=member, choices=Choices(dict.fromkeys(Group.values)), reason="Retires", by=actor(), at=AT)
    assert listed("unanswered", reader) == ["Rio"]


def test_a_team_found_empty_is_gone_but_still_named(reader):
    member = PersonFactory()
    AssignmentFactory(dossier=AccountFactory(name="Rio").dossier, poc=TeamFactory(name="AR", members=[member]))
    PointOfContact.objects.filter(pk=member.pk).update(deactivated_at=AT)  # as an import may
    assert (listed("unanswered", reader), listed("inactive", reader)) == (["Rio"], ["AR"])


# --- For whom, and at what cost


def test_a_narrowed_reader_counts_only_their_own(reader):
    me = PersonFactory(user=UserFactory(role="sales_rep"))
    narrow("sales_rep", RoleScope.Sees.OWN)
    mine = AccountFactory(name="Mine")
    AssignmentFactory(dossier=mine.dossier, topic=topic("billing"), poc=me)
    ended(AT - DAY, dossier=mine.dossier, topic=topic("delivery"))
    AccountFactory(name="Theirs")
    away_with()
    ended(AT - DAY)
    AssignmentFactory(dossier=AccountFactory().dossier, poc=PersonFactory(deactivated_at=AT))
    wide = gaps.counts(reader, at=AT)
    assert gaps.counts(me.user, at=AT) == {
        "unanswered": 1, "absent": 0, "inactive": 0, "past_end": 1, "overloaded": 0, "single_point": 1,
        "their_side": 1,
    }  # fmt: skip
    assert all(wide[code] > 0 for code in ("absent", "inactive")) and wide["past_end"] == 2
    assert listed("unanswered", me.user) == ["Mine"]


def a_house_with_every_gap(many):
    for _n in range(many):
        firm = AccountFactory()
        ContactFactory(account=firm)
        AssignmentFactory(dossier=firm.dossier, poc=PersonFactory(deactivated_at=AT))
        away_with(cover=AbsenceFactory().poc)
        ended(AT - DAY, topic=topic("billing"))
        AssignmentFactory(dossier=AccountFactory().dossier, poc=PersonFactory())


@pytest.mark.parametrize("narrowed", [{}, {"topic": "billing", "tier": "a"}, {"kind": "account", "over": 0}])
def test_counts_and_lists_cost_the_same_however_many_there_are(reader, narrowed):
    costs = []
    for more in (2, 12):
        a_house_with_every_gap(more)
        spent = []
        for ask in (
            lambda: gaps.counts(reader, at=AT, **narrowed),
            *(lambda code=code: gaps.rows(code, reader, at=AT, **narrowed) for code in gaps.GAPS),
        ):
            with CaptureQueriesContext(connection) as captured:
                ask()
            spent.append(len(captured))
        costs.append(spent)
    assert costs[0] == costs[1]
    assert costs[0][0] <= 11  # topics, two for everybody on our side, one a question, one more for the absent


def test_the_front_desk_named_by_hand_is_no_gap(reader):
    MembershipFactory(team=front_desk())
    AssignmentFactory(dossier=AccountFactory().dossier, poc=front_desk())
    assert count("unanswered", reader) == 0
