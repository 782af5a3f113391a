"""Who answers, as a table of cases, and compared with a second, slow telling of the same rule."""

from datetime import datetime, timedelta
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm.poc import decide as d
from crm.poc.decide import Away, Facts, Holder, Poc, decide
from tests.factories import AT
from tests.poc import oracle
from tests.poc.houses import BILLING, FRONT_DESK, GENERAL, HOUR, MOMENTS, POCS, RECORDS, houses
from tests.poc.oracle import World

PROJECT, ACCOUNT, GROUP = 30, 20, 10
HOUSE, ANN, BO, CY, DI, EVE, TEAM, LEAD, CHIEF = range(100, 109)

PARENTS = {PROJECT: ACCOUNT, ACCOUNT: GROUP, GROUP: None}


def away(cover=None, topic=None, starts=-HOUR, ends=HOUR):
    return Away(topic, cover, AT + starts, AT + ends)


def held(*who, starts=-HOUR, ends=None):
    """The primary, then the backups in their order."""
    return [Holder(poc, rank, AT + starts, ends and AT + ends) for rank, poc in enumerate(who)]


def ask(holders, *pocs, dossier=PROJECT, topic=BILLING, parents=PARENTS, at=AT, fixed=None):
    known = {pk: Poc(pk) for pk in range(HOUSE, CHIEF + 1)} | {poc.id: poc for poc in pocs}
    facts = Facts(parents, holders, known, HOUSE, GENERAL)
    return decide(dossier_id=dossier, topic_id=topic, at=at, facts=facts, fixed_id=fixed)


def codes(answer):
    return [reason.code for reason in answer.reasons]


# --- Where it is found


@pytest.mark.parametrize(
    ("holders", "who", "where"),
    [
        ({(PROJECT, BILLING): held(ANN), (ACCOUNT, BILLING): held(BO)}, ANN, (PROJECT, BILLING)),
        ({(ACCOUNT, BILLING): held(BO), (PROJECT, GENERAL): held(ANN)}, BO, (ACCOUNT, BILLING)),
        ({(GROUP, BILLING): held(CY), (PROJECT, GENERAL): held(ANN)}, CY, (GROUP, BILLING)),
        ({(PROJECT, GENERAL): held(ANN), (ACCOUNT, GENERAL): held(BO)}, ANN, (PROJECT, GENERAL)),
        ({(GROUP, GENERAL): held(CY)}, CY, (GROUP, GENERAL)),
        ({}, HOUSE, (None, None)),
    ],
    ids=["own topic", "topic above", "topic at the top", "general", "general at the top", "front desk"],
)
def test_the_topic_is_looked_for_upward_and_then_general_likewise(holders, who, where):
    answer = ask(holders)
    assert (answer.poc_id, (answer.dossier_id, answer.topic_id)) == (who, where)


def test_the_front_desk_alone_is_a_gap():
    assert ask({}).is_gap
    assert not ask({(GROUP, GENERAL): held(HOUSE)}).is_gap
    assert not ask({(PROJECT, BILLING): held(ANN)}).is_gap


def test_at_most_five_levels_above_are_asked():
    parents = {n: n + 1 for n in range(1, 7)} | {7: None}
    assert ask({(6, BILLING): held(ANN)}, dossier=1, parents=parents).poc_id == ANN
    assert ask({(7, BILLING): held(ANN)}, dossier=1, parents=parents).poc_id == HOUSE


def test_records_in_a_circle_are_asked_once_each():
    answer = ask({}, dossier=1, parents={1: 2, 2: 1})
    assert codes(answer) == [d.NOBODY] * 4 + [d.HOUSE]


def test_without_a_record_the_front_desk_answers():
    assert ask({}, dossier=None).poc_id == HOUSE


@pytest.mark.parametrize(
    ("period", "who"),
    [
        ({"starts": timedelta(0)}, ANN),
        ({"starts": HOUR}, HOUSE),
        ({"ends": timedelta(microseconds=1)}, ANN),
        ({"starts": -HOUR, "ends": timedelta(0)}, HOUSE),
    ],
    ids=["begins now", "not yet", "still", "ended now"],
)
def test_an_assignment_counts_from_its_start_until_before_its_end(period, who):
    holders = [Holder(ANN, 0, AT + period.get("starts", -HOUR), AT + period["ends"] if "ends" in period else None)]
    assert ask({(PROJECT, BILLING): holders}).poc_id == who


def test_another_moment_has_another_answer():
    holders = {(PROJECT, BILLING): [*held(ANN, starts=-2 * HOUR, ends=-HOUR), *held(BO, starts=-HOUR)]}
    assert ask(holders, at=AT - 2 * HOUR).poc_id == ANN
    assert ask(holders, at=AT).poc_id == BO


def test_a_backup_without_a_primary_holds_no_place():
    holders = {(PROJECT, BILLING): [Holder(BO, 1, AT - HOUR, None)], (ACCOUNT, BILLING): held(ANN)}
    assert ask(holders).poc_id == ANN


# --- Who stands in

HERE = {(PROJECT, BILLING): held(ANN, DI, EVE), (ACCOUNT, BILLING): held(CHIEF)}


@pytest.mark.parametrize(
    ("pocs", "who", "last"),
    [
        ([Poc(ANN, absences=[away(BO)])], BO, d.COVERED),
        ([Poc(ANN, absences=[away(BO)]), Poc(BO, absences=[away(CY)])], CY, d.COVERED),
        ([Poc(ANN, absences=[away(BO)]), Poc(BO, absences=[away(CY)]), Poc(CY, absences=[away(EVE)])], EVE, d.COVERED),
        ([Poc(ANN, absences=[away()])], DI, d.BACKUP),
        ([Poc(ANN, absences=[away(BO)]), Poc(BO, absences=[away(ANN)])], DI, d.BACKUP),
        ([Poc(ANN, absences=[away(BO)]), Poc(BO, deactivated_at=AT)], DI, d.BACKUP),
        ([Poc(ANN, absences=[away()]), Poc(DI, absences=[away(CY)])], EVE, d.BACKUP),
        ([Poc(ANN, deactivated_at=AT)], DI, d.BACKUP),
        ([Poc(ANN, deactivated_at=AT, absences=[away(BO)])], BO, d.COVERED),
        ([Poc(ANN, LEAD, absences=[away()]), Poc(DI, deactivated_at=AT), Poc(EVE, empty_since=AT)], LEAD, d.LEAD),
        ([Poc(ANN, empty_since=AT)], DI, d.BACKUP),
    ],
    ids=[
        "cover", "cover of a cover", "third hop", "nobody covers", "circle of covers", "cover is gone",
        "a backup's own cover is not asked", "inactive", "inactive with a cover", "lead", "empty team",
    ],
)  # fmt: skip
def test_whoever_is_not_there_is_replaced(pocs, who, last):
    answer = ask(HERE, *pocs)
    assert (answer.poc_id, answer.holder_id, codes(answer)[-1]) == (who, ANN, last)


def test_a_fourth_hop_is_not_followed():
    chain = [Poc(ANN, absences=[away(BO)]), Poc(BO, absences=[away(CY)]), Poc(CY, absences=[away(LEAD)]),
             Poc(LEAD, absences=[away(EVE)])]  # fmt: skip
    answer = ask({(PROJECT, BILLING): held(ANN)}, *chain)
    assert answer.poc_id == HOUSE
    assert d.COVER_FAILS in codes(answer)


def test_where_nobody_is_left_the_search_goes_on_upward():
    gone = [Poc(pk, deactivated_at=AT) for pk in (ANN, DI, EVE)]
    answer = ask(HERE, *gone)
    assert (answer.poc_id, answer.dossier_id) == (CHIEF, ACCOUNT)


def test_a_lead_who_is_away_does_not_answer():
    pocs = [Poc(ANN, LEAD, absences=[away()]), Poc(LEAD, absences=[away(CY)])]
    assert ask({(PROJECT, BILLING): held(ANN)}, *pocs).poc_id == HOUSE


@pytest.mark.parametrize(
    ("absence", "who"),
    [
        (away(BO, topic=BILLING), BO),
        (away(BO, topic=GENERAL), ANN),
        (away(BO, starts=HOUR, ends=2 * HOUR), ANN),
        (away(BO, starts=-2 * HOUR, ends=timedelta(0)), ANN),
        (away(BO, starts=timedelta(0)), BO),
    ],
    ids=["on this topic", "on another", "later", "over", "begins now"],
)
def test_an_absence_counts_for_its_topic_and_time(absence, who):
    assert ask(HERE, Poc(ANN, absences=[absence])).poc_id == who


def test_the_cover_for_the_topic_goes_before_the_one_for_everything():
    everything, billing = away(BO), away(CY, topic=BILLING)
    assert ask(HERE, Poc(ANN, absences=[everything, billing])).poc_id == CY
    assert ask(HERE, Poc(ANN, absences=[billing, everything])).poc_id == CY


def test_the_topic_asked_about_counts_also_where_general_answers():
    holders = {(PROJECT, GENERAL): held(ANN)}
    assert ask(holders, Poc(ANN, absences=[away(BO, topic=BILLING)])).poc_id == BO


# --- Named for one thing


def test_whoever_was_named_is_asked_first():
    answer = ask(HERE, fixed=CY)
    assert (answer.poc_id, answer.holder_id, codes(answer)) == (CY, CY, [d.FIXED])


def test_a_named_one_who_is_away_is_covered_then_led_then_forgotten():
    assert ask(HERE, Poc(CY, absences=[away(BO)]), fixed=CY).poc_id == BO
    led = ask(HERE, Poc(CY, LEAD, deactivated_at=AT), fixed=CY)
    assert (led.poc_id, codes(led)[-1]) == (LEAD, d.LEAD)
    assert ask(HERE, Poc(CY, deactivated_at=AT), fixed=CY).poc_id == ANN


def test_the_next_in_line_of_a_named_one_are_the_places_own():
    answer = ask(HERE, Poc(CY, LEAD), Poc(LEAD, CHIEF), fixed=CY)
    assert (answer.backup_id, answer.lead_id, answer.leads_lead_id) == (DI, LEAD, CHIEF)


# --- Who is next


def test_the_next_in_line_are_there_and_never_the_one_who_answers():
    answer = ask(HERE, Poc(ANN, LEAD), Poc(DI, absences=[away()]), Poc(LEAD, CHIEF))
    assert (answer.backup_id, answer.lead_id, answer.leads_lead_id, answer.house_id) == (EVE, LEAD, CHIEF, HOUSE)


def test_a_backup_who_answers_is_not_its_own_backup():
    answer = ask(HERE, Poc(ANN, absences=[away()]))
    assert (answer.poc_id, answer.backup_id) == (DI, EVE)


def test_whoever_leads_themselves_has_no_lead():
    assert ask(HERE, Poc(ANN, ANN)).lead_id is None


def test_with_the_front_desk_its_lead_is_next_and_then_theirs():
    answer = ask({}, Poc(HOUSE, LEAD), Poc(LEAD, CHIEF))
    assert (answer.poc_id, answer.lead_id, answer.leads_lead_id, answer.backup_id) == (HOUSE, LEAD, CHIEF, None)


# --- Why


def test_the_reasons_tell_the_whole_way():
    until = AT + HOUR
    answer = ask({(ACCOUNT, BILLING): held(ANN)}, Poc(ANN, absences=[away(TEAM)]))
    assert answer.reasons == (
        d.Reason(d.NOBODY, dossier_id=PROJECT, topic_id=BILLING),
        d.Reason(d.ASSIGNED, poc_id=ANN, dossier_id=ACCOUNT, topic_id=BILLING),
        d.Reason(d.AWAY, poc_id=ANN, until=until),
        d.Reason(d.COVERED, poc_id=TEAM),
    )


def test_an_empty_team_and_one_who_left_are_told_apart():
    assert d.EMPTY in codes(ask({(PROJECT, BILLING): held(TEAM)}, Poc(TEAM, empty_since=AT)))
    assert d.INACTIVE in codes(ask({(PROJECT, BILLING): held(ANN)}, Poc(ANN, deactivated_at=AT)))


# --- The same rule, told twice


def facts_of(world: World) -> Facts:
    """What `resolve` would have fetched of a house."""
    holders = {}
    for a in world.assignments:
        holders.setdefault((a.record, a.topic), []).append(Holder(a.poc, a.rank, a.starts, a.ends))
    return Facts(world.records, holders, {pk: known(world, pk) for pk in world.pocs}, FRONT_DESK, GENERAL)


def known(world: World, pk: int) -> Poc:
    row = world.pocs[pk]
    team = world.pocs.get(pk if row.is_team else row.home_team)
    left = [world.pocs[member].gone_at for who, member in world.memberships if who == pk]
    empty_since = max(left, default=AT - 99 * HOUR) if row.is_team and None not in left else None
    absences = [Away(a.topic, a.cover, a.starts, a.ends) for a in world.absences if a.poc == pk]
    return Poc(pk, team and team.lead, row.gone_at, empty_since, absences)


@settings(max_examples=250, deadline=None, derandomize=True)
@given(world=houses(), topic=st.sampled_from([GENERAL, BILLING]), named=st.none() | st.sampled_from(POCS))
def test_it_answers_as_the_rule_told_a_second_time(world, topic, named):
    facts = facts_of(world)
    for record, at in product([*RECORDS, None], MOMENTS):
        answer = decide(dossier_id=record, topic_id=topic, at=at, facts=facts, fixed_id=named)
        found = (answer.poc_id, answer.holder_id, answer.dossier_id, answer.topic_id)
        assert found == oracle.who_answers(world, record, topic, at, named)
        next_ = (answer.backup_id, answer.lead_id, answer.leads_lead_id)
        assert next_ == oracle.who_is_next(world, record, topic, at, named)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(world=houses(), topic=st.sampled_from([GENERAL, BILLING]), named=st.none() | st.sampled_from(POCS))
def test_every_reason_is_true_and_the_last_one_names_who_answers(world, topic, named):
    facts = facts_of(world)
    for record, at in product(RECORDS, MOMENTS):
        answer = decide(dossier_id=record, topic_id=topic, at=at, facts=facts, fixed_id=named)
        assert answer.reasons[-1].poc_id == answer.poc_id
        assert all(is_true(reason, world, topic, at, named) for reason in answer.reasons)


def is_true(reason: d.Reason, world: World, topic: int, at: datetime, named: int | None) -> bool:
    """Look a step up in the rows."""
    poc = reason.poc_id
    if reason.code in (d.NOBODY, d.ASSIGNED):
        return oracle.holders(world, reason.dossier_id, reason.topic_id, at).get(0) == poc
    away = oracle.absence(world, poc, topic, at)
    return {
        d.FIXED: poc == named,
        d.AWAY: away is not None and (away.topic, away.ends) == (reason.topic_id, reason.until),
        d.INACTIVE: oracle.gone(world, poc, at),
        d.EMPTY: oracle.empty(world, poc, at),
        d.COVERED: any(a.cover == poc for a in world.absences) and oracle.there(world, poc, topic, at),
        d.COVER_FAILS: not oracle.there(world, poc, topic, at),
        d.BACKUP: oracle.there(world, poc, topic, at),
        d.LEAD: any(row.lead == poc for row in world.pocs.values()) and oracle.there(world, poc, topic, at),
        d.HOUSE: poc == FRONT_DESK,
    }[reason.code]
