"""A leaving undone: as it was, but for what somebody changed since."""

import random
from datetime import timedelta

import pytest

from crm.commitments.actions import acknowledge, keep, open_commitment
from crm.commitments.models import Commitment, Kind, Notification
from crm.dossiers.models import Event
from crm.handovers.actions import assign, end_assignment
from crm.handovers.held import Group
from crm.handovers.leaving import Choices, leave
from crm.handovers.staying import NotLeft, TooLate, can_stay, last_left, stay
from crm.poc.models import Absence, Assignment, Grant, Membership, PointOfContact
from crm.poc.resolve import Question, resolve, resolve_many
from tests.factories import AT
from tests.factories.dossiers import DossierFactory, topic
from tests.factories.poc import AbsenceFactory, AssignmentFactory, PersonFactory, TeamFactory
from tests.factories.users import UserFactory, actor

pytestmark = pytest.mark.django_db

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TOPICS = ("general", "billing")
MOMENTS = [AT - DAY, AT - HOUR, AT, AT + HOUR, AT + DAY, AT + 4 * DAY]


def gone(poc, to=None, *, rows=(), at=AT, **groups):
    choices = Choices(dict.fromkeys(Group.values, to) | groups, dict(rows))
    return leave(poc=poc, choices=choices, reason="Moves on", by=actor(), at=at)


def back(poc, at=AT + HOUR, by=None):
    return stay(poc=poc, by=by or actor(), at=at)


def who(dossier, at=AT + HOUR):
    return resolve(dossier_id=dossier.pk, topic_id=topic().pk, at=at).poc_id


def owed_by(poc):
    return open_commitment(
        dossier=DossierFactory(), topic=topic(), kind=Kind.FOLLOW_UP, title="Call", poc=poc, due_at=AT + DAY,
        by=actor(), at=AT - DAY,
    )  # fmt: skip


# --- As it was -------------------------------------------------------------------------------------------------------


class House:
    """A small house by chance: people, teams, absences, records, and somebody who is in the middle of it."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.people = PersonFactory.create_batch(4)
        self.ann = self.people[0]
        lasting = TeamFactory(members=[self.ann, self.people[1]])
        others = [TeamFactory(members=self._some(), lead=self.chance.choice([None, self.ann])) for _n in range(2)]
        self.teams = [lasting, *others]
        self.records = [DossierFactory(kind=self.chance.choice(["account", "project"])) for _n in range(4)]
        for record in self.records:
            for about in TOPICS:
                for rank in range(3):
                    self._places(record, about, rank)
        for person in self.people[1:]:
            self._absence(person)
        for _n in range(4):
            owed_by(self.chance.choice([self.ann, self.ann, *self.people, *self.teams]))

    def _some(self) -> list[PointOfContact]:
        return self.chance.choice([[self.ann], [self.ann], self.chance.sample(self.people, 2)])

    def _places(self, record, about, rank) -> None:
        """One holder after the other, with gaps between some of them."""
        starts_at = AT - 5 * DAY
        for _n in range(self.chance.randint(0, 3)):
            ends_at = self.chance.choice([None, starts_at + self.chance.randint(1, 6) * DAY])
            poc = self.chance.choice([self.ann, self.ann, *self.people, *self.teams])
            AssignmentFactory(
                dossier=record, topic=topic(about), rank=rank, poc=poc, starts_at=starts_at, ends_at=ends_at
            )
            if ends_at is None:
                return
            starts_at = ends_at + self.chance.choice([timedelta(0), DAY])

    def _absence(self, person) -> None:
        if self.chance.random() < 0.7:
            starts_at = AT + self.chance.randint(-2, 2) * DAY
            AbsenceFactory(poc=person, cover=self.ann, starts_at=starts_at, ends_at=starts_at + 2 * DAY)

    def choices(self) -> Choices:
        """Whoever stands in for nobody may follow anywhere: a person from outside, the lasting team, or nobody."""
        new = PersonFactory()
        return Choices({group: self.chance.choice([new, self.teams[0], None]) for group in Group.values})

    def state(self) -> dict[str, object]:
        """All that a leaving touches; an empty period counts for nothing."""
        held, away = Assignment.objects.order_by("pk"), Absence.objects.order_by("pk")
        return {
            "places": [
                (a.pk, a.poc_id, a.rank, a.starts_at, a.ends_at) for a in held if a.ends_at != a.starts_at
            ],
            "owed": list(Commitment.objects.order_by("pk").values_list("pk", "poc", "state")),
            "leads": list(PointOfContact.objects.order_by("pk").values_list("pk", "lead", "deactivated_at")),
            "members": sorted(Membership.objects.values_list("team", "member")),
            "away": [
                (a.pk, a.poc_id, a.cover_id, a.starts_at, a.ends_at) for a in away if a.ends_at != a.starts_at
            ],
        }  # fmt: skip

    def answers(self) -> dict[object, object]:
        questions = [
            Question(r.pk, topic(about).pk, None, at) for r in self.records for about in TOPICS for at in MOMENTS
        ]
        return {question: answer.poc_id for question, answer in resolve_many(questions, at=AT).items()}


@pytest.mark.parametrize("seed", range(25))
def test_whoever_leaves_and_stays_has_left_nothing_behind(seed):
    house = House(seed)
    choices = house.choices()
    before, answers = house.state(), house.answers()
    left = leave(poc=house.ann, choices=choices, reason="Moves on", by=actor(), at=AT)
    assert left.event is not None and house.state() != before
    meanwhile = house.answers()
    assert {q: poc for q, poc in meanwhile.items() if q.at < AT} == {q: poc for q, poc in answers.items() if q.at < AT}
    assert house.ann.pk not in [poc for q, poc in meanwhile.items() if q.at >= AT]
    assert back(house.ann).kept == []
    assert house.state() == before
    assert house.answers() == answers


def test_whoever_signed_in_signs_in_again():
    UserFactory(administrator=True)
    ann = PersonFactory(signs_in=True)
    leave(poc=ann, choices=Choices({}), reason="", ends_sign_in=True, by=actor(), at=AT)
    back(ann)
    ann.user.refresh_from_db()
    ann.refresh_from_db()
    assert ann.user.is_active and ann.deactivated_at is None


def test_each_record_and_the_person_say_that_it_was_undone():
    ann, bo = PersonFactory.create_batch(2)
    held = AssignmentFactory(poc=ann)
    gone(ann, bo)
    stayed = back(ann)
    told = Event.objects.filter(kind=Event.Kind.ASSIGNED, touched__dossier=held.dossier).latest("pk")
    assert (told.facts["was"], told.facts["poc"]) == (bo.pk, ann.pk)
    assert (stayed.event.kind, stayed.event.facts["poc"], stayed.n_restored) == (Event.Kind.STAYED, ann.pk, 1)


def test_whoever_had_followed_is_told_once():
    ann, bo = PersonFactory.create_batch(2)
    for _n in range(6):
        AssignmentFactory(poc=ann)
    gone(ann, bo)
    stayed = back(ann)
    told = Notification.objects.get(recipient=bo, channel="inbox", kind="stayed")
    assert told.idem_key.startswith(f"e:{stayed.event.pk}:")


def test_whoever_was_told_of_a_place_may_open_the_record_again():
    ann, bo = PersonFactory.create_batch(2)
    held = assign(dossier=DossierFactory(), topic=topic(), poc=ann, by=actor(), at=AT - DAY)
    told = Grant.objects.filter(cause=f"a:{held.pk}:new")
    gone(ann, bo)
    assert [grant.ended_at for grant in told.all()] == [AT]
    back(ann)
    assert [grant.ended_at for grant in told.all()] == [None]
    assert not Grant.objects.filter(poc=bo, ended_at=None).exists()


# --- What somebody changed since -------------------------------------------------------------------------------------


def test_a_place_that_somebody_else_got_since_stays_theirs():
    ann, bo, cy = PersonFactory.create_batch(3)
    changed, plain, opened = AssignmentFactory(poc=ann), AssignmentFactory(poc=ann), AssignmentFactory(poc=ann)
    gone(ann, bo, rows={f"a{opened.pk}": None})
    for held in (changed, opened):
        assign(dossier=held.dossier, topic=held.topic, poc=cy, reason="Better", by=actor(), at=AT + HOUR / 2)
    stayed = back(ann)
    assert [(kept.kind, kept.name) for kept in stayed.kept] == [
        ("place", changed.dossier.title), ("place", opened.dossier.title),
    ]  # fmt: skip
    assert [who(held.dossier) for held in (changed, plain, opened)] == [cy.pk, ann.pk, cy.pk]


def test_a_place_that_was_ended_since_stays_open():
    ann, bo = PersonFactory.create_batch(2)
    held = AssignmentFactory(poc=ann)
    gone(ann, bo)
    new = Assignment.objects.get(poc=bo)
    end_assignment(assignment=new, reason="Nobody", leave_open=True, by=actor(), at=AT + HOUR / 2)
    assert len(back(ann).kept) == 1
    assert who(held.dossier) not in (ann.pk, bo.pk)


def test_what_was_taken_on_since_stays_with_whoever_did_and_what_was_done_is_done():
    ann, bo = PersonFactory.create_batch(2)
    taken, done, plain = owed_by(ann), owed_by(ann), owed_by(ann)
    gone(ann, bo)
    acknowledge(commitment=taken, by=actor(), at=AT + HOUR / 2)
    keep(commitment=done, by=actor(), at=AT + HOUR / 2)
    stayed = back(ann)
    assert [kept.kind for kept in stayed.kept] == ["owed"]
    assert [Commitment.objects.get(pk=c.pk).poc for c in (taken, done, plain)] == [bo, bo, ann]


def test_a_team_that_another_leads_since_is_still_led_by_them():
    ann, bo, cy = PersonFactory.create_batch(3)
    team = TeamFactory(members=[bo], lead=ann)
    gone(ann, bo)
    PointOfContact.objects.filter(pk=team.pk).update(lead=cy)
    assert [kept.kind for kept in back(ann).kept] == ["lead"]
    team.refresh_from_db()
    assert team.lead == cy


# --- When ------------------------------------------------------------------------------------------------------------


def test_it_can_be_undone_for_a_day_and_no_longer():
    ann = PersonFactory()
    gone(ann)
    assert can_stay(last_left(ann), AT + DAY) and not can_stay(last_left(ann), AT + DAY + timedelta(seconds=1))
    with pytest.raises(TooLate):
        back(ann, at=AT + DAY + timedelta(seconds=1))
    ann.refresh_from_db()
    assert ann.deactivated_at == AT
    back(ann, at=AT + DAY)
    ann.refresh_from_db()
    assert ann.deactivated_at is None


def test_undoing_twice_is_undoing_once():
    ann = PersonFactory()
    gone(ann)
    back(ann)
    assert back(ann).event is None
    assert Event.objects.filter(kind=Event.Kind.STAYED).count() == 1


def test_only_who_left_can_stay():
    with pytest.raises(NotLeft):
        back(PersonFactory())


def test_whoever_leaves_again_after_all_can_stay_again():
    ann, bo = PersonFactory.create_batch(2)
    held = AssignmentFactory(poc=ann)
    for n in range(2):
        ann.refresh_from_db()
        gone(ann, bo, at=AT + n * HOUR)
        back(ann, at=AT + n * HOUR + HOUR / 2)
    assert who(held.dossier, at=AT + 3 * HOUR) == ann.pk


@pytest.mark.parametrize("places", [2, 30])
def test_undoing_costs_the_same_however_much_was_held(places, django_assert_num_queries):
    (ann, bo, cy), by = PersonFactory.create_batch(3), actor()
    for _n in range(places):
        AssignmentFactory(poc=ann)
        AssignmentFactory(poc=ann, starts_at=AT + DAY)
        AbsenceFactory(cover=ann)
        TeamFactory(members=[ann], lead=ann)
        owed_by(ann)
    gone(ann, bo, owed=cy)
    with django_assert_num_queries(55):  # as many for two things as for two hundred
        back(ann, by=by)
