"""Whoever is told about a record may open it, for as long as the cause holds; whoever is told nothing finds nothing."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from contacts.actions import change_contact
from crm.commitments import actions as promises
from crm.commitments.models import Commitment, Kind, Notification
from crm.commitments.opening import open_commitment
from crm.commitments.planning import planner
from crm.core.actor import Actor, Source
from crm.core.refusals import Refused
from crm.dossiers.models import Dossier
from crm.handovers import actions, handing_over
from crm.handovers.handing_over import Offer
from crm.handovers.models import Handover
from crm.handovers.scope import Scope
from crm.poc.models import Assignment, Grant
from crm.poc.visibility import visible_dossiers, visible_homes
from crm.users import roles
from crm.users.models import RoleScope, User
from interactions.actions import Touch, log
from interactions.passing import pass_on
from projects.actions import change_project
from tests import clock as moves
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.contacts import ContactFactory
from tests.factories.dossiers import channel, outcome, purpose, topic
from tests.factories.handovers import BRIEFING
from tests.factories.poc import MembershipFactory, PersonFactory, TeamFactory, front_desk
from tests.factories.projects import ProjectFactory
from tests.factories.users import UserFactory, actor, narrow
from tests.poc.houses import rolled_back

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
ROLES = list(roles.LABELS)
TOPICS = ("general", "billing")


class House:
    """A firm with somebody in every role, a team with a lead, a group of accounts; and whoever was told nothing."""

    def __init__(self, scopes: dict[str, str]) -> None:
        self.at = moves.freeze(AT)
        for role, sees in scopes.items():
            narrow(role, sees)
        people = [PersonFactory(user=UserFactory(role=role, name=role)) for role in [*ROLES, roles.SALES_REP]]
        lead = PersonFactory(user=UserFactory(role=roles.ACCOUNT_MANAGER))
        self.team = TeamFactory(members=people[2:4], lead=lead, delivery="all")
        type(lead).objects.filter(pk__in=[people[0].pk, people[-1].pk]).update(home_team=self.team)
        MembershipFactory(team=front_desk(), member=PersonFactory(user=UserFactory(role=roles.SUPPORT)))
        self.pocs = [*people, lead, self.team]
        self.people = [*people, lead]
        self.group = AccountFactory()
        self.account, self.other = AccountFactory(parent=self.group), AccountFactory()
        self.project, self.contact = ProjectFactory(account=self.account), ContactFactory(account=self.account)
        all_ = (self.group, self.account, self.project, self.contact, self.other)
        self.records = [row.dossier for row in all_]
        self.by = actor(UserFactory(role=roles.ADMINISTRATOR))

    def dossier(self, n: int) -> Dossier:
        return Dossier.objects.get(pk=self.records[n].pk)

    def act(self, name: str, *values: Any) -> None:
        """Do one thing; what is refused was not done."""
        with _no_refusal():
            getattr(self, name)(*values)

    # --- What may happen

    def assign(self, record: int, about: int, poc: int, rank: int, later: bool) -> None:
        actions.assign(
            dossier=self.dossier(record), topic=topic(TOPICS[about]), poc=self.pocs[poc], rank=rank, reason="Why",
            starts_at=self.at + 2 * DAY if later else None, by=self.by, at=self.at,
        )  # fmt: skip

    def end(self, record: int, _about: int, _poc: int, rank: int, _later: bool) -> None:
        held = Assignment.objects.filter(dossier=self.records[record].pk, rank=rank, ends_at=None).first()
        if held:
            actions.end_assignment(assignment=held, reason="Why", leave_open=True, by=self.by, at=self.at)

    def away(self, cover: int, _about: int, poc: int, days: int, has_cover: bool) -> None:
        until = self.at + (days + 1) * DAY
        covering = self.pocs[cover] if has_cover else None
        actions.set_absence(
            poc=self.pocs[poc], starts_at=self.at, ends_at=until, cover=covering, by=self.by, at=self.at
        )

    def owe(self, record: int, about: int, poc: int, hours: int, is_fixed: bool) -> None:
        open_commitment(
            dossier=self.dossier(record), topic=topic(TOPICS[about]), kind=(Kind.FOLLOW_UP, Kind.RESOLUTION)[about],
            title="Call", due_at=self.at + (hours + 1) * HOUR, zone="UTC", poc=self.pocs[poc] if is_fixed else None,
            by=self.by, at=self.at,
        )  # fmt: skip

    def later(self, hours: int, *_: Any) -> None:
        self.at = moves.freeze(self.at + (5 + 20 * hours) * HOUR)
        planner.sweep()

    def settle(self, _record: int, _about: int, _poc: int, _rank: int, keep: bool) -> None:
        owed = Commitment.objects.open().exclude(kind=Kind.HANDOVER).order_by("pk").first()
        if owed:
            (promises.keep if keep else promises.cancel)(commitment=owed, by=self.by, at=self.at)

    def pass_on(self, _record: int, _about: int, poc: int, *_: Any) -> None:
        owed = Commitment.objects.open().filter(kind=Kind.RESOLUTION).order_by("pk").first()
        if owed:
            pass_on(commitment=owed, to=self.pocs[poc], by=self.by, at=self.at)

    def offer(self, record: int, _about: int, poc: int, *_: Any) -> None:
        held = Assignment.objects.filter(dossier=self.records[record].pk, ends_at=None).order_by("rank").first()
        if held:
            scope = Scope(self.dossier(record), held.poc)
            handing_over.offer(offer=Offer(scope, self.pocs[poc], "Moves", BRIEFING), by=self.by, at=self.at)

    def answer(self, _record: int, _about: int, _poc: int, _rank: int, accept: bool) -> None:
        handover = Handover.objects.open().select_related("receiver__user").first()
        if handover and handover.receiver and handover.receiver.user:
            by = Actor(handover.receiver.user, Source.PAGE)
            if accept:
                handing_over.accept(handover=handover, by=by, at=self.at)
            else:
                handing_over.decline(handover=handover, reason="Too much", by=by, at=self.at)

    def log(self, record: int, _about: int, _poc: int, _rank: int, complaint: bool) -> None:
        touch = Touch(
            channel=channel(), direction="in", topic=topic(), contact=self.contact, account=self.account,
            purpose=purpose("complaint" if complaint else "inquiry"), outcome=outcome(),
        )  # fmt: skip
        log(touch=touch, by=self.by, at=self.at)

    def move(self, *values: Any) -> None:
        to = self.other if values[-1] else self.account
        self.contact.refresh_from_db()
        change_contact(contact=self.contact, name=self.contact.name, account=to, by=self.by, at=self.at)
        change_project(project=self.project, name=self.project.name, account=to, by=self.by, at=self.at)

    # --- What must hold

    def told_since(self, pk: int) -> list[Notification]:
        rows = Notification.objects.filter(pk__gt=pk, recipient__user__isnull=False).exclude(dossier=None)
        return list(rows.select_related("recipient").order_by("pk"))

    def pages_told_of(self, since: int) -> list[tuple[User, str]]:
        """Whoever was told since then of something with a page of its own: a handover, what is to be solved."""
        rows = Notification.objects.filter(pk__gt=since, recipient__user__isnull=False, facts__path__startswith="/")
        return [(n.recipient.user, n.facts["path"]) for n in rows.select_related("recipient__user").order_by("pk")]

    def all_told_may_open(self, since: int) -> set[tuple[int, int, int | None]]:
        """Check everybody told since then against the one door to rows; return who, which record, which promise."""
        told = {(n.recipient.user_id, n.dossier_id, n.commitment_id) for n in self.told_since(since)}
        for user_id, dossier_id, commitment_id in told:
            user = User.objects.get(pk=user_id)
            assert visible_dossiers(user).filter(pk=dossier_id).exists(), (user.name, dossier_id)
            if commitment_id is not None:
                assert Commitment.objects.visible_to(user).filter(pk=commitment_id).exists()
        return told


class _no_refusal:  # noqa: N801  # reads as a word
    """Let an act say no."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: Any, error: Any, trace: Any) -> bool:
        return isinstance(error, Refused)


ACTS = st.lists(
    st.tuples(
        st.sampled_from([
            "assign", "assign", "assign", "end", "away", "owe", "owe", "later", "later", "settle", "pass_on", "offer",
            "answer", "log", "move",
        ]),
        st.integers(0, 4), st.integers(0, 1), st.integers(0, 8), st.integers(0, 1), st.booleans(),
    ),
    min_size=6, max_size=12,
)  # fmt: skip
SCOPES = st.fixed_dictionaries({role: st.sampled_from(RoleScope.Sees.values) for role in ROLES})


def last() -> int:
    return Notification.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


@settings(
    max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],  # shrinking a day in a firm takes minutes
)  # fmt: skip
@given(scopes=SCOPES, acts=ACTS)
def test_whoever_is_told_may_open_it_whatever_happened(scopes, acts):
    with rolled_back():
        house = House(scopes)
        stranger = PersonFactory(user=UserFactory())  # no role: own
        told: set[tuple[int, int, int | None]] = set()
        client = Client()
        for name, *values in acts:
            since = last()
            house.act(name, *values)
            told = house.all_told_may_open(since) or told
            for user, path in set(house.pages_told_of(since)):
                client.force_login(user)
                assert client.get(path).status_code == 200, (user.name, path)
        for user_id, dossier_id, commitment_id in sorted(told, key=str)[:3]:
            client.force_login(User.objects.get(pk=user_id))
            if visible_dossiers(User.objects.get(pk=user_id)).filter(pk=dossier_id).exists():
                pages = [f"/d/{dossier_id}/"] + ([f"/owed/{commitment_id}/"] if commitment_id else [])
                assert [client.get(page, follow=True).status_code for page in pages] == [200] * len(pages)
        client.force_login(stranger.user)
        assert [client.get(f"/d/{d.pk}/").status_code for d in house.records] == [404] * 5
        moves.release()


# --- Until the cause ends


@pytest.fixture
def rep(clock):
    """A sales rep who sees only their own."""
    clock.freeze(AT)
    narrow(roles.SALES_REP, RoleScope.Sees.OWN)
    return PersonFactory(user=UserFactory(role=roles.SALES_REP))


@pytest.fixture
def dossier():
    return AccountFactory().dossier


BY = Actor.system()


def sees(poc, dossier) -> bool:
    return dossier.home_id in (visible_homes(User.objects.get(pk=poc.user_id)) or [])


def assign(dossier, poc, at=AT, **more):
    values = {"topic": topic(), "reason": "Why", "by": BY} | more
    return actions.assign(dossier=dossier, poc=poc, at=at, **values)


def test_a_promise_opens_its_record_until_it_is_kept(rep, dossier, clock):
    owed = open_commitment(
        dossier=dossier, topic=topic(), kind=Kind.FOLLOW_UP, title="Call", poc=rep, due_at=AT + HOUR, zone="UTC", by=BY,
        at=AT,
    )  # fmt: skip
    clock.freeze(AT + 2 * HOUR)
    planner.sweep()
    assert sees(rep, dossier)
    promises.keep(commitment=owed, by=BY, at=AT + 2 * HOUR)
    assert not sees(rep, dossier)


def test_a_member_of_a_team_sees_what_the_team_was_told_of_until_it_no_longer_answers(rep, dossier, clock):
    team = TeamFactory(members=[rep], delivery="all")
    assign(dossier, team)
    assert sees(rep, dossier)
    assign(dossier, PersonFactory(), starts_at=AT + DAY)  # the end is planned: until then the team answers
    assert sees(rep, dossier)
    clock.freeze(AT + DAY)
    causes = Grant.objects.at(AT + DAY).filter(poc=rep).values_list("cause", flat=True)
    assert [cause.endswith(":old") for cause in causes] == [True]  # told who follows, they may look that up


def test_whoever_was_planned_and_is_not_any_more_sees_it_until_somebody_answers(rep, dossier):
    planned = assign(dossier, rep, starts_at=AT + DAY)
    assert sees(rep, dossier)
    actions.end_assignment(assignment=planned, reason="Stays", leave_open=True, by=BY, at=AT)
    assert sees(rep, dossier)  # they were told just now
    assert list(Grant.objects.at(AT).values_list("cause", flat=True)) == [f"a:{planned.pk}:ended"]
    assign(dossier, PersonFactory())
    assert not sees(rep, dossier)


def test_the_one_replaced_sees_it_until_the_next_change(rep, dossier, clock):
    assign(dossier, rep)
    assign(dossier, PersonFactory(), at=clock.freeze(AT + HOUR))
    assert sees(rep, dossier)
    assign(dossier, PersonFactory(), at=clock.freeze(AT + 2 * HOUR))
    assert not sees(rep, dossier)


def test_an_offer_opens_its_record_until_it_is_declined(rep, dossier):
    giver = assign(dossier, PersonFactory()).poc
    handover = handing_over.offer(offer=Offer(Scope(dossier, giver), rep, "Moves", BRIEFING), by=actor(
        UserFactory(role=roles.ACCOUNT_MANAGER)), at=AT)  # fmt: skip
    assert sees(rep, dossier)
    handing_over.decline(handover=handover, reason="Too much", by=Actor(rep.user, Source.PAGE), at=AT)
    assert not sees(rep, dossier)


def test_an_administrator_who_sees_only_their_own_may_open_what_nobody_hears_of(clock, dossier):
    clock.freeze(AT)
    narrow(roles.ADMINISTRATOR, RoleScope.Sees.OWN)
    admin = PersonFactory(user=UserFactory(role=roles.ADMINISTRATOR))
    open_commitment(  # nobody is in the front desk
        dossier=dossier, topic=topic(), kind=Kind.FOLLOW_UP, title="Call", due_at=AT + HOUR, zone="UTC", by=BY, at=AT
    )
    clock.freeze(AT + 2 * HOUR)
    planner.sweep()
    assert Notification.objects.filter(recipient=admin, kind="nobody").exists()
    assert sees(admin, dossier)


def test_when_everything_has_ended_nothing_stays_open_but_what_was_told_last(rep, dossier, clock):
    team = TeamFactory(members=[rep], delivery="all")
    held = assign(dossier, team)
    owed = open_commitment(
        dossier=dossier, topic=topic(), kind=Kind.FOLLOW_UP, title="Call", due_at=AT + HOUR, zone="UTC", by=BY, at=AT
    )
    clock.freeze(AT + 2 * HOUR)
    planner.sweep()
    promises.cancel(commitment=owed, by=BY, at=AT + 2 * HOUR)
    actions.end_assignment(assignment=held, reason="Closed", leave_open=True, by=BY, at=AT + 2 * HOUR)
    assert list(Grant.objects.at(AT + 2 * HOUR).values_list("cause", flat=True)) == [f"a:{held.pk}:ended"]
