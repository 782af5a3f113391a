"""From the proposal to the acceptance: who may, what is refused, what moves, who is told, and when."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.commitments import actions as owed
from crm.commitments.models import Commitment, Kind, Notification
from crm.commitments.planning import planner
from crm.commitments.refusals import SettledElsewhere
from crm.commitments.telling import packing, wording
from crm.core.actor import Actor
from crm.dossiers import timeline
from crm.dossiers.models import Dossier, Event
from crm.handovers import actions, handing_over
from crm.handovers.handing_over import Offer, accept, decline, introduced, offer, offer_many, propose, withdraw
from crm.handovers.models import BriefingPart, Handover
from crm.handovers.scope import Counts, Scope, count, givers
from crm.poc.models import Assignment, Grant
from crm.poc.resolve import resolve
from crm.poc.visibility import visible_dossiers
from crm.users.models import RoleScope
from tests.factories import AT, LONG_AGO
from tests.factories.commitments import CommitmentFactory
from tests.factories.dossiers import DossierFactory, tier, topic
from tests.factories.handovers import BRIEFING, HandoverFactory, part
from tests.factories.poc import AbsenceFactory, AssignmentFactory, PersonFactory, TeamFactory, front_desk
from tests.factories.users import UserFactory, actor, narrow
from tests.handovers.test_together import together

DAY = timedelta(days=1)


@pytest.fixture
def ann(db, clock):
    """Who gives: a sales rep."""
    clock.freeze(AT)
    return PersonFactory(name="Ann", user=UserFactory(name="Ann", role="sales_rep"))


@pytest.fixture
def ben(ann):
    """Who takes over: a sales rep too, who sees only what is theirs."""
    narrow("sales_rep", RoleScope.Sees.OWN)
    return PersonFactory(name="Ben", user=UserFactory(name="Ben", role="sales_rep"))


@pytest.fixture
def record(ann):
    """An account of tier C for which Ann answers, in general and about billing."""
    record = DossierFactory(title="Atlantico", tier=tier("c"))
    AssignmentFactory(dossier=record, poc=ann)
    AssignmentFactory(dossier=record, poc=ann, topic=topic("billing"))
    return record


@pytest.fixture
def offered(record, ann, ben):
    """Offered by Ann to Ben."""
    return hand_over(record, ann, ben)


def hand_over(record, giver, receiver, *, reason="Moves to Berlin", briefing=BRIEFING, by=None, **scope) -> Handover:
    made = Offer(Scope(record, giver, **scope), receiver, reason, briefing)
    return offer(offer=made, by=by or Actor(giver.user), at=AT)


def below(record, kind=Dossier.Kind.PROJECT, **fields) -> Dossier:
    return DossierFactory(kind=kind, parent=record, **fields)


def who(record, about="general", at=AT) -> str:
    answer = resolve(dossier_id=record.pk, topic_id=topic(about).pk, at=at)
    return Assignment.poc.get_queryset().get(pk=answer.poc_id).name


def told(channel="inbox"):
    rows = Notification.objects.planned().filter(channel=channel).order_by("pk")
    return list(rows.values_list("kind", "recipient__name"))


# --- Offering -------------------------------------------------------------------------------------------------------


def test_until_it_is_accepted_the_old_one_answers(offered, record, ben):
    assert (offered.state, offered.receiver, offered.offered_at) == ("offered", ben, AT)
    assert (who(record), who(record, "billing")) == ("Ann", "Ann")


def test_whoever_it_is_offered_to_is_told_and_may_open_the_record(offered, record, ben):
    assert told() == [("handover_offered", "Ben")]
    assert list(visible_dossiers(ben.user)) == [record]


def test_an_acceptance_is_owed_by_the_receiver_within_two_working_days(offered, ben):
    owing = offered.commitment
    assert (owing.kind, owing.poc, owing.title) == (Kind.HANDOVER, ben, "Accept the handover of Atlantico")
    assert owing.due_at == AT + 2 * DAY
    with pytest.raises(SettledElsewhere):
        owed.keep(commitment=owing, by=Actor(ben.user), at=AT)


def test_nobody_answering_it_escalates_to_the_receivers_lead(record, ann, ben, clock):
    lea = PersonFactory(name="Lea", signs_in=True)
    ben.home_team = TeamFactory(lead=lea)
    ben.save()
    hand_over(record, ann, ben)
    for day in (1, 2):
        clock.freeze(AT + day * DAY)
        planner.sweep()
    packing.Message.objects.update(state="sent", ended_at=AT + 2 * DAY)
    clock.freeze(AT + 5 * DAY)  # a working day after Friday noon
    planner.sweep()
    assert ("escalation", "Lea") in told()


def test_the_briefing_is_kept_as_it_was_written(offered):
    BriefingPart.objects.filter(code="people").update(name="Humans", retired_at=AT)
    assert [(p["label"], p["text"]) for p in offered.briefing][:2] == [
        ("Context", "Four cold stores."),
        ("People", "Ms Lima decides."),
    ]


def test_the_giver_is_told_when_somebody_else_offers_what_is_theirs(record, ann, ben):
    hand_over(record, ann, ben, by=Actor(UserFactory(name="Giulia", account_manager=True)))
    assert sorted(told()) == [("handover_given", "Ann"), ("handover_offered", "Ben")]


def test_the_cover_of_somebody_away_is_told_in_their_place(record, ann, ben):
    cover = PersonFactory(name="Cora", user=UserFactory(role="sales_rep"))
    AbsenceFactory(poc=ben, cover=cover)
    offered = hand_over(record, ann, ben)
    assert told() == [("handover_covered", "Cora")]
    assert list(visible_dossiers(cover.user)) == [record]
    accept(handover=offered, by=Actor(cover.user), at=AT)
    assert Assignment.objects.at(AT).get(dossier=record, topic=topic()).poc == ben
    assert not Grant.objects.filter(ended_at=None, cause__startswith=offered.cause).exists()


@pytest.mark.parametrize("code", ["context", "people", "promises"])
@pytest.mark.parametrize("text", ["", "  \n"])
def test_a_required_part_may_not_be_missing(record, ann, ben, code, text):
    with pytest.raises(handing_over.PartMissing) as refused:
        hand_over(record, ann, ben, briefing=BRIEFING | {code: text})
    assert refused.value.field == f"briefing-{code}"
    assert not Handover.objects.exists()


def test_the_tier_says_how_much_is_to_be_told_also_below_an_account(record, ann, ben):
    little = {code: BRIEFING[code] for code in ("context", "people", "promises")}
    assert [p["code"] for p in hand_over(record, ann, ben, briefing=little).briefing] == list(little)
    project = below(DossierFactory(tier=tier("a")))
    AssignmentFactory(dossier=project, poc=ann)
    with pytest.raises(handing_over.PartMissing) as refused:
        hand_over(project, ann, ben, briefing=little)
    assert refused.value.field == "briefing-risks"


def test_what_the_template_no_longer_asks_for_is_not_required(record, ann, ben):
    BriefingPart.objects.exclude(code="context").update(retired_at=AT)
    assert hand_over(record, ann, ben, briefing={"context": "Four cold stores.", "people": "Left out"}).briefing == [
        {"code": "context", "label": "Context", "text": "Four cold stores."}
    ]


def test_an_offer_that_makes_no_sense_is_refused(record, ann, ben):
    with pytest.raises(actions.ReasonRequired):
        hand_over(record, ann, ben, reason=" ")
    with pytest.raises(handing_over.ToOneself):
        hand_over(record, ann, ann)
    with pytest.raises(actions.Deactivated) as refused:
        hand_over(record, ann, PersonFactory(deactivated_at=AT))
    assert refused.value.field == "receiver"
    with pytest.raises(handing_over.NothingToGive):
        hand_over(DossierFactory(), ann, ben)
    with pytest.raises(handing_over.NothingToGive):
        hand_over(record, ann, ben, topics=[topic("technical")])
    assert not Handover.objects.exists() and told() == []


def test_one_offer_waits_at_a_time_and_a_new_one_may_follow(offered, record, ann, ben):
    with pytest.raises(handing_over.OfferedAlready):
        hand_over(record, ann, PersonFactory())
    decline(handover=offered, reason="Too much", by=Actor(ben.user), at=AT)
    assert hand_over(record, ann, PersonFactory()).state == "offered"


def test_only_the_givers_side_offers_or_who_may_change_who_answers_anyway(record, ann, ben):
    with pytest.raises(handing_over.NotYours):
        hand_over(record, ann, ben, by=Actor(ben.user))
    AbsenceFactory(poc=ann, cover=ben)
    cover = Actor(UserFactory._meta.model.objects.get(pk=ben.user_id))
    assert hand_over(record, ann, PersonFactory(), by=cover).offered_by_id == ben.user_id


def test_a_member_offers_what_their_team_answers_for(ann, ben):
    record = DossierFactory()
    team = TeamFactory(members=[ann])
    AssignmentFactory(dossier=record, poc=team)
    assert hand_over(record, team, ben, by=Actor(ann.user)).giver == team


def test_many_records_are_offered_in_one_act_or_none(record, ann, ben):
    other = DossierFactory(title="Brambilla")
    offers = [Offer(Scope(d, ann), ben, "Moves", BRIEFING) for d in (record, other)]
    with pytest.raises(handing_over.NothingToGive):
        offer_many(offers=offers, by=Actor(ann.user), at=AT)
    assert not Handover.objects.exists()
    AssignmentFactory(dossier=other, poc=ann)
    assert len(offer_many(offers=offers, by=Actor(ann.user), at=AT)) == 2
    with pytest.raises(handing_over.TooManyAtOnce):
        offer_many(offers=[offers[0]] * 51, by=Actor(ann.user), at=AT)


# --- Accepting ------------------------------------------------------------------------------------------------------


def test_accepting_switches_every_place_the_giver_holds(offered, record, ann, ben):
    project, contact = below(record), below(record, Dossier.Kind.CONTACT)
    AssignmentFactory(dossier=project, poc=ann)
    AssignmentFactory(dossier=project, topic=topic("technical"), rank=1, poc=ann)
    AssignmentFactory(dossier=contact, poc=ann)
    theirs = AssignmentFactory(dossier=project, topic=topic("technical"))
    accepted = accept(handover=offered, by=Actor(ben.user), at=AT)
    assert (accepted.state, accepted.decided_by, accepted.decided_at) == ("accepted", ben.user, AT)
    assert {who(record), who(record, "billing"), who(project), who(contact)} == {"Ben"}
    assert not Assignment.objects.at(AT).filter(poc=ann).exists()
    assert Assignment.objects.at(AT).get(dossier=project, rank=1).poc == ben
    assert Assignment.objects.at(AT).filter(pk=theirs.pk).exists()
    assert who(record, at=AT - DAY) == "Ann"
    assert set(Assignment.objects.at(AT).filter(poc=ben).values_list("reason", flat=True)) == {"Moves to Berlin"}


@pytest.mark.parametrize(("kind", "tick"), [("project", "with_projects"), ("contact", "with_contacts")])
def test_what_is_not_ticked_stays(record, ann, ben, kind, tick):
    left = below(record, kind)
    AssignmentFactory(dossier=left, poc=ann)
    accept(handover=hand_over(record, ann, ben, **{tick: False}), by=Actor(ben.user), at=AT)
    assert (who(record), who(left)) == ("Ben", "Ann")


def test_only_the_topics_chosen_pass(record, ann, ben):
    accept(handover=hand_over(record, ann, ben, topics=[topic("billing")]), by=Actor(ben.user), at=AT)
    assert (who(record), who(record, "billing")) == ("Ann", "Ben")


def test_other_accounts_stay_also_those_that_belong_to_it(offered, record, ann, ben):
    other = below(record, Dossier.Kind.ACCOUNT)
    AssignmentFactory(dossier=other, poc=ann)
    accept(handover=offered, by=Actor(ben.user), at=AT)
    assert who(other) == "Ann"


def test_a_project_is_handed_over_alone(record, ann, ben):
    project = below(record)
    AssignmentFactory(dossier=project, poc=ann)
    accept(handover=hand_over(project, ann, ben), by=Actor(ben.user), at=AT)
    assert (who(project), who(record)) == ("Ben", "Ann")


def test_what_was_promised_by_name_moves_and_what_only_its_owner_settles_stays(offered, record, ann, ben):
    named = CommitmentFactory(dossier=record, poc=ann)
    floating = CommitmentFactory(dossier=record)
    somebodys = CommitmentFactory(dossier=record, poc=PersonFactory())
    elsewhere = CommitmentFactory(poc=ann)
    to_accept = CommitmentFactory(dossier=record, poc=ann, kind=Kind.HANDOVER)
    accept(handover=offered, by=Actor(ben.user), at=AT)
    now = dict(Commitment.objects.values_list("pk", "poc__name"))
    assert (now[named.pk], now[floating.pk]) == ("Ben", None)
    assert (now[somebodys.pk], now[elsewhere.pk], now[to_accept.pk]) == (somebodys.poc.name, "Ann", "Ann")


def test_what_was_promised_stays_where_that_is_not_ticked_or_about_something_else(record, ann, ben):
    named = CommitmentFactory(dossier=record, poc=ann)
    billing = CommitmentFactory(dossier=record, poc=ann, topic=topic("billing"))
    accept(handover=hand_over(record, ann, ben, topics=[topic("billing")]), by=Actor(ben.user), at=AT)
    assert {c.poc for c in (Commitment.objects.get(pk=named.pk), Commitment.objects.get(pk=billing.pk))} == {ann, ben}
    accept(handover=hand_over(record, ann, ben, with_owed=False), by=Actor(ben.user), at=AT)
    assert Commitment.objects.get(pk=named.pk).poc == ann


def test_accepting_keeps_the_acceptance_tells_the_giver_and_is_recorded_everywhere(offered, record, ann, ben):
    project = below(record)
    AssignmentFactory(dossier=project, poc=ann)
    accept(handover=offered, by=Actor(ben.user), at=AT)
    assert Commitment.objects.get(pk=offered.commitment_id).state == "kept"
    assert ("handover_accepted", "Ann") in told() and ("handover_accepted", "Ben") not in told()
    event = Event.objects.get(kind=Event.Kind.HANDOVER_ACCEPTED)
    assert set(event.touched.values_list("dossier", flat=True)) == {record.pk, project.pk}
    assert event.personal.values == {"giver": "Ann", "receiver": "Ben", "reason": "Moves to Berlin"}


def test_the_offers_grants_end_with_it_and_the_giver_sees_the_record_no_longer(offered, record, ann, ben):
    accept(handover=offered, by=Actor(ben.user), at=AT)
    assert not Grant.objects.filter(ended_at=None, poc=ben).exclude(cause__startswith="c:").exists()
    again = UserFactory._meta.model.objects
    assert list(visible_dossiers(again.get(pk=ben.user_id))) == [record]
    assert list(visible_dossiers(again.get(pk=ann.user_id))) == []
    assert list(Handover.objects.visible_to(again.get(pk=ann.user_id))) == [offered]


def test_a_repeated_acceptance_does_nothing(offered, ben):
    first = accept(handover=offered, by=Actor(ben.user), at=AT)
    again = accept(handover=offered, by=Actor(ben.user), at=AT + DAY)
    assert again.decided_at == first.decided_at
    assert Event.objects.filter(kind=Event.Kind.HANDOVER_ACCEPTED).count() == 1


def test_what_changed_since_the_offer_is_taken_as_it_is(offered, record, ann, ben):
    """A place somebody else got stays theirs; a project opened meanwhile comes along."""
    actions.assign(
        dossier=record, topic=topic("billing"), poc=PersonFactory(name="Zoe"), reason="Change", by=actor(), at=AT
    )
    project = below(record)
    AssignmentFactory(dossier=project, poc=ann)
    accept(handover=offered, by=Actor(ben.user), at=AT + DAY)
    assert [who(record, at=AT + DAY), who(record, "billing", at=AT + DAY), who(project, at=AT + DAY)] == [
        "Ben", "Zoe", "Ben",
    ]  # fmt: skip


def test_a_place_that_ends_because_somebody_is_planned_stays_as_it_was_decided(offered, record, ann, ben):
    zoe = PersonFactory(name="Zoe")
    actions.assign(
        dossier=record, topic=topic("billing"), poc=zoe, reason="x", starts_at=AT + 9 * DAY, by=actor(), at=AT
    )
    accept(handover=offered, by=Actor(ben.user), at=AT)
    assert (who(record, "billing"), who(record, "billing", at=AT + 10 * DAY)) == ("Ann", "Zoe")


def test_nothing_is_taken_over_when_the_giver_holds_nothing_any_more(offered, ben):
    Assignment.objects.filter(poc=offered.giver).update(ends_at=AT)
    with pytest.raises(handing_over.NothingToGive):
        accept(handover=offered, by=Actor(ben.user), at=AT)
    assert Handover.objects.get().state == "offered"


def test_somebody_who_answers_no_more_cannot_take_over_but_it_can_be_declined(offered, ben):
    ben.deactivated_at = AT
    ben.save()
    administrator = Actor(UserFactory(administrator=True))
    with pytest.raises(actions.Deactivated):
        accept(handover=offered, by=administrator, at=AT)
    assert decline(handover=offered, reason="Ben has left", by=administrator, at=AT).state == "declined"


def users_of_the_receivers_side(ben):
    lead = PersonFactory(signs_in=True)
    ben.home_team = TeamFactory(lead=lead)
    ben.save()
    cover = PersonFactory(signs_in=True)
    AbsenceFactory(poc=ben, cover=cover)
    return [ben.user, lead.user, cover.user, UserFactory(administrator=True)]


@pytest.mark.parametrize("n", range(4), ids=["they", "their lead", "their cover", "an administrator"])
def test_the_receivers_side_accepts(offered, ben, n):
    user = users_of_the_receivers_side(ben)[n]
    assert accept(handover=offered, by=Actor(user), at=AT).decided_by == user


def test_a_member_accepts_for_their_team(record, ann, ben):
    team = TeamFactory(name="Team AR", members=[ben])
    accept(handover=hand_over(record, ann, team), by=Actor(ben.user), at=AT)
    assert who(record) == "Team AR"


@pytest.mark.parametrize("act", [accept, lambda **values: decline(reason="No", **values)])
def test_nobody_else_decides_not_even_the_giver_or_an_account_manager(offered, ann, act):
    for user in (ann.user, UserFactory(account_manager=True), PersonFactory(signs_in=True).user):
        with pytest.raises(handing_over.NotYours):
            act(handover=offered, by=Actor(user), at=AT)


def test_accepting_costs_the_same_however_much_passes(ann, ben):
    cost_of_accepting(ann, ben, 1)  # what processes remember of calendars is known from then on
    costs = [cost_of_accepting(ann, ben, size) for size in (1, 90)]  # SQLite inserts at most 999 values at once
    assert costs == [47, 47]


def cost_of_accepting(ann, ben, size) -> int:
    record = AssignmentFactory(poc=ann).dossier
    projects = DossierFactory.create_batch(size, kind=Dossier.Kind.PROJECT, parent=record)
    Assignment.objects.bulk_create(Assignment(dossier=p, topic=topic(), poc=ann, starts_at=LONG_AGO) for p in projects)
    for project in projects:
        CommitmentFactory(dossier=project, poc=ann)
    offered, by = hand_over(record, ann, ben), Actor(ben.user)
    with CaptureQueriesContext(connection) as asked:
        accept(handover=offered, by=by, at=AT)
    assert Assignment.objects.at(AT).filter(poc=ben, dossier__home=record).count() == size + 1
    assert Commitment.objects.filter(poc=ben, kind=Kind.FOLLOW_UP, home=record).count() == size
    return len(asked)


def test_what_is_told_leads_to_the_handover(offered, ann, ben):
    accept(handover=offered, by=Actor(ben.user), at=AT)
    rows = Notification.objects.filter(channel="inbox").select_related("commitment", "dossier").order_by("pk")
    said = {line.headline: line for line in wording.lines(rows, AT)}
    assert list(said) == ["Ann hands Atlantico over to you", "Ben has taken over Atlantico"]
    assert said["Ann hands Atlantico over to you"].note == "Moves to Berlin"
    assert {line.url.removeprefix(settings.PUBLIC_URL) for line in said.values()} == {f"/handovers/{offered.pk}/"}


def test_the_timeline_tells_it_in_words(offered, record, ann, ben):
    accept(handover=offered, by=Actor(ben.user), at=AT)
    told = [entry.title for entry in timeline.page(record.pk, homes=None).entries]
    assert "Ben has taken over from Ann" in told and "Ann offers to hand over to Ben" in told


# --- Declining, withdrawing, introducing -----------------------------------------------------------------------------


def test_declining_needs_a_reason_and_tells_the_giver_and_who_offered_it(record, ann, ben):
    giulia = PersonFactory(name="Giulia", user=UserFactory(account_manager=True))
    offered = hand_over(record, ann, ben, by=Actor(giulia.user))
    with pytest.raises(actions.ReasonRequired):
        decline(handover=offered, reason=" ", by=Actor(ben.user), at=AT)
    declined = decline(handover=offered, reason="Too far away", by=Actor(ben.user), at=AT)
    assert (declined.state, declined.decline_reason, who(record)) == ("declined", "Too far away", "Ann")
    assert sorted(t for t in told() if t[0] == "handover_declined") == [
        ("handover_declined", "Ann"),
        ("handover_declined", "Giulia"),
    ]
    assert decline(handover=offered, reason="Again", by=Actor(ben.user), at=AT).decline_reason == "Too far away"


@pytest.mark.parametrize("end", ["decline", "withdraw"])
def test_what_ended_is_owed_and_seen_no_more(offered, ann, ben, end):
    if end == "decline":
        decline(handover=offered, reason="No", by=Actor(ben.user), at=AT)
    else:
        withdraw(handover=offered, by=Actor(ann.user), at=AT)
    assert Commitment.objects.get(pk=offered.commitment_id).state == "cancelled"
    assert list(visible_dossiers(UserFactory._meta.model.objects.get(pk=ben.user_id))) == []


def test_the_givers_side_or_who_offered_it_withdraws_and_the_receiver_is_told(offered, ann, ben):
    with pytest.raises(handing_over.NotYours):
        withdraw(handover=offered, by=Actor(ben.user), at=AT)
    assert withdraw(handover=offered, by=Actor(ann.user), at=AT).state == "withdrawn"
    assert ("handover_withdrawn", "Ben") in told()
    assert withdraw(handover=offered, by=Actor(ann.user), at=AT + DAY).decided_at == AT


@pytest.mark.parametrize("first", ["accept", "decline", "withdraw"])
def test_what_is_decided_stays_decided(offered, ann, ben, first):
    acts = {
        "accept": lambda: accept(handover=offered, by=Actor(ben.user), at=AT),
        "decline": lambda: decline(handover=offered, reason="No", by=Actor(ben.user), at=AT),
        "withdraw": lambda: withdraw(handover=offered, by=Actor(ann.user), at=AT),
    }
    acts[first]()
    for name, act in acts.items():
        if name != first:
            with pytest.raises(handing_over.DecidedAlready):
                act()


def test_each_step_stands_on_the_records_timeline(offered, record, ann, ben):
    withdraw(handover=offered, by=Actor(ann.user), at=AT)
    accept(handover=hand_over(record, ann, ben), by=Actor(ben.user), at=AT)
    kinds = list(Event.objects.filter(kind__startswith="handover", home=record).order_by("pk").values_list("kind"))
    assert [kind for (kind,) in kinds] == [
        "handover_offered", "handover_withdrawn", "handover_offered", "handover_accepted",
    ]  # fmt: skip


def test_only_what_was_accepted_is_introduced_and_once(offered, ann, ben):
    with pytest.raises(handing_over.NotOffered):
        introduced(handover=offered, by=Actor(ben.user), at=AT)
    accept(handover=offered, by=Actor(ben.user), at=AT)
    assert introduced(handover=offered, by=Actor(ben.user), at=AT).introduced_at == AT
    assert introduced(handover=offered, by=Actor(ben.user), at=AT + DAY).introduced_at == AT


# --- Proposing ------------------------------------------------------------------------------------------------------


def test_whoever_answers_in_general_is_proposed_to_hand_over(record, ann):
    proposed = propose(dossier=record, reason="A customer now", by=actor(), at=AT)
    assert (proposed.state, proposed.giver, proposed.receiver) == ("proposed", ann, None)
    assert propose(dossier=record, reason="Again", by=actor(), at=AT) == proposed
    assert Event.objects.filter(kind=Event.Kind.HANDOVER_PROPOSED).count() == 1


def test_nothing_is_proposed_where_nobody_is_named_or_an_account_manager_is(db):
    nobody, desk, managed = DossierFactory(), DossierFactory(), DossierFactory()
    AssignmentFactory(dossier=desk, poc=front_desk())
    AssignmentFactory(dossier=managed, poc=PersonFactory(user=UserFactory(account_manager=True)))
    for record in (nobody, desk, managed):
        assert propose(dossier=record, reason="x", by=actor(), at=AT) is None


def test_a_proposal_becomes_an_offer_or_is_dismissed(record, ann, ben):
    proposed = propose(dossier=record, reason="A customer now", by=actor(), at=AT)
    with pytest.raises(handing_over.NotOffered):
        accept(handover=proposed, by=Actor(ben.user), at=AT)
    offered = hand_over(record, ann, ben)
    assert (offered.pk, offered.state) == (proposed.pk, "offered")
    withdraw(handover=offered, by=Actor(ann.user), at=AT)
    again = propose(dossier=record, reason="A customer now", by=actor(), at=AT)
    assert withdraw(handover=again, by=Actor(ann.user), at=AT).state == "withdrawn"
    assert len([t for t in told() if t[0] == "handover_withdrawn"]) == 1


# --- What is in it --------------------------------------------------------------------------------------------------


def test_what_the_giver_holds_is_counted(record, ann, django_assert_num_queries):
    for kind, n in ((Dossier.Kind.PROJECT, 3), (Dossier.Kind.CONTACT, 2)):
        for _number in range(n):
            AssignmentFactory(dossier=below(record, kind), poc=ann)
    below(record)  # nobody's own
    CommitmentFactory.create_batch(4, dossier=record, poc=ann)
    scope = Scope(record, ann)
    with django_assert_num_queries(2):
        counted = count(scope, AT)
    assert (counted.own, counted.projects, counted.contacts, counted.owed) == (1, 3, 2, 4)
    assert count(replace(scope, topics=[topic("technical")]), AT) == Counts()


def test_what_the_receiver_will_owe_is_what_moves_and_what_follows_whoever_answers(record, ann):
    named = CommitmentFactory(dossier=below(record), poc=ann)
    floating = CommitmentFactory(dossier=record)
    CommitmentFactory(dossier=record, poc=PersonFactory())
    scope = Scope(record, ann)
    assert set(scope.owed(AT)) == {named, floating}
    assert set(replace(scope, with_owed=False).owed(AT)) == {floating}


def test_who_can_give_is_everybody_who_holds_something_there_the_record_itself_first(record, ann):
    zoe = PersonFactory(name="Zoe")
    AssignmentFactory(dossier=below(record), poc=zoe)
    AssignmentFactory(dossier=record, topic=topic("support"), poc=front_desk())
    assert givers(record, AT) == [ann, zoe]


def test_the_shipped_parts_are_asked_for_in_their_order(db):
    assert BriefingPart.objects.asked().first() == part("context")


def test_rows_of_the_factory_are_valid(db):
    for traits in ({}, {"is_offered": True}, {"is_declined": True}):
        HandoverFactory(**traits)


# --- At the same moment ---------------------------------------------------------------------------------------------


def test_accepted_twice_at_once_it_is_accepted_once(database, clock):
    clock.freeze(AT)
    ann, ben = PersonFactory(name="Ann"), PersonFactory(name="Ben")
    record = AssignmentFactory(poc=ann).dossier
    CommitmentFactory(dossier=record, poc=ann)
    by = Actor.system()
    offered = hand_over(record, ann, ben, by=by)
    done = together(*[lambda: accept(handover=offered, by=by, at=AT)] * 4)
    assert {handover.state for handover in done} == {"accepted"}
    assert Event.objects.filter(kind=Event.Kind.HANDOVER_ACCEPTED).count() == 1
    assert Assignment.objects.filter(poc=ben).count() == 1
    assert Commitment.objects.get(kind=Kind.FOLLOW_UP).generation == 2


def test_accepted_and_withdrawn_at_once_one_of_them_holds(database, clock):
    clock.freeze(AT)
    ann, ben = PersonFactory(name="Ann"), PersonFactory(name="Ben")
    record = AssignmentFactory(poc=ann).dossier
    by = Actor.system()
    offered = hand_over(record, ann, ben, by=by)
    done = together(lambda: accept(handover=offered, by=by, at=AT), lambda: withdraw(handover=offered, by=by, at=AT))
    assert sum(isinstance(one, handing_over.DecidedAlready) for one in done) == 1
    state = Handover.objects.get().state
    assert (state, who(record)) in {("accepted", "Ben"), ("withdrawn", "Ann")}


def test_offered_twice_at_once_one_offer_waits(database, clock):
    clock.freeze(AT)
    ann, ben, zoe = (PersonFactory(name=name) for name in ("Ann", "Ben", "Zoe"))
    record = AssignmentFactory(poc=ann).dossier
    by = Actor.system()
    done = together(*(lambda to=to: hand_over(record, ann, to, by=by) for to in (ben, zoe)))
    assert sum(isinstance(one, handing_over.OfferedAlready) for one in done) == 1
    assert Commitment.objects.filter(kind=Kind.HANDOVER).count() == 1
