"""Policies are added, moved and retired, and their versions written; each write is an event."""

from dataclasses import replace

import pytest
from django.db import IntegrityError, transaction

from crm.commitments.models import Kind, Policy, PolicyVersion
from crm.commitments.policy import writing_policies as writing
from crm.commitments.policy.describing import differences, match_words
from crm.commitments.policy.policy_checks import StepTerms, Terms
from crm.dossiers.actions import NameRequired
from crm.dossiers.models import Event
from tests.commitments.conftest import MONDAY
from tests.factories.commitments import shipped
from tests.factories.dossiers import tier, topic
from tests.factories.users import UserFactory, actor

pytestmark = pytest.mark.django_db

KIND = Kind.RESOLUTION


def add(name="Urgent", **match):
    return writing.add_policy(kind=KIND, name=name, **(match or {"priority": "urgent"}), by=actor(), at=MONDAY)


def rest():
    return shipped(KIND).policy


def order():
    return list(Policy.objects.in_use().filter(kind=KIND).order_by("position", "pk").values_list("name", flat=True))


def act(verb, policy, **values):
    return getattr(writing, verb)(policy=policy, **values, by=actor(), at=MONDAY)


def test_a_new_policy_asks_for_what_its_kind_asked_for_until_then():
    policy = add()
    assert writing.terms_of(writing.newest_of(policy)) == writing.terms_of(shipped(KIND))
    assert Event.objects.get().facts == {"kind": "policy", "policy": policy.pk}


def test_new_ones_come_after_those_with_criteria_and_before_the_one_without():
    add("Urgent")
    add("Best", tier=tier("a"))
    assert order() == ["Urgent", "Best", "Resolution"]


@pytest.mark.parametrize(
    ("values", "refusal"),
    [
        ({"name": "  ", "priority": "urgent"}, NameRequired),
        ({"name": "Any", "priority": ""}, writing.MatchRequired),
        ({"name": "Again", "priority": "high"}, writing.MatchTaken),
    ],
)
def test_what_cannot_be_added_is_refused_beside_its_field(values, refusal):
    add("High", priority="high")
    with pytest.raises(refusal) as refused:
        add(**values)
    assert refused.value.field in ("name", "priority")
    assert order() == ["High", "Resolution"]


def test_too_many_of_a_kind_are_refused(monkeypatch):
    monkeypatch.setattr(writing, "MOST", 2)
    add()
    with pytest.raises(writing.TooManyPolicies):
        add("Best", tier=tier("a"))


def test_the_database_holds_that_a_match_is_taken_once():
    policy = add()
    with pytest.raises(IntegrityError), transaction.atomic():
        Policy.objects.create(kind=KIND, name="Twin", priority=policy.priority)


def test_they_move_up_and_down_and_stay_where_they_cannot():
    urgent, best = add("Urgent"), add("Best", tier=tier("a"))
    act("move_policy", best, up=True)
    assert order() == ["Best", "Urgent", "Resolution"]
    events = Event.objects.count()
    act("move_policy", best, up=True)
    act("move_policy", urgent, up=False)
    assert order() == ["Best", "Urgent", "Resolution"]
    assert Event.objects.count() == events
    act("move_policy", best, up=False)
    assert order() == ["Urgent", "Best", "Resolution"]


def test_the_one_without_criteria_is_neither_moved_nor_retired_nor_narrowed():
    for verb, values in (
        ("move_policy", {"up": True}),
        ("retire_policy", {}),
        ("change_policy", {"name": "Resolution", "priority": "high"}),
    ):
        with pytest.raises(writing.MatchesTheRest):
            act(verb, rest(), **values)
    assert act("change_policy", rest(), name="Solve it").name == "Solve it"


def test_a_policy_gets_another_name_and_match_and_history_tells_old_and_new():
    policy = add()
    act("change_policy", policy, name="Bills", topic=topic("billing"))
    policy.refresh_from_db()
    assert (policy.name, policy.priority, policy.topic) == ("Bills", "", topic("billing"))
    changes = Event.objects.get(kind=Event.Kind.CHANGED).facts["changes"]
    assert changes["name"] == ["Urgent", "Bills"]
    assert changes["priority"] == ["urgent", ""]
    assert changes["topic"][1] == topic("billing").name
    act("change_policy", policy, name="Bills", topic=topic("billing"))
    assert Event.objects.filter(kind=Event.Kind.CHANGED).count() == 1


def test_a_change_may_neither_match_anything_nor_what_another_matches():
    add()
    best = add("Best", tier=tier("a"))
    with pytest.raises(writing.MatchRequired):
        act("change_policy", best, name="Best")
    with pytest.raises(writing.MatchTaken, match="Urgent"):
        act("change_policy", best, name="Best", priority="urgent")


def test_a_retired_policy_is_used_no_more_and_its_match_is_free_again():
    policy = add()
    for _time in range(2):
        assert act("retire_policy", policy).retired_at == MONDAY
    assert Event.objects.filter(kind=Event.Kind.CHANGED).count() == 1
    assert add("Urgent again").priority == "urgent"
    for verb, values in (
        ("move_policy", {"up": True}),
        ("change_policy", {"name": "x"}),
        ("write_version", {"terms": Terms()}),
    ):
        with pytest.raises(writing.RetiredPolicy):
            act(verb, policy, **values)


def test_a_version_is_the_next_number_and_the_one_before_stays_as_it_was():
    first = shipped(KIND)
    user = UserFactory()
    terms = replace(
        writing.terms_of(first), target_amount=5, steps=[StepTerms(), StepTerms(kind="escalation", slot="lead")]
    )
    second = writing.write_version(policy=first.policy, terms=terms, by=actor(user), at=MONDAY)
    assert (second.number, second.created_at, second.created_by) == (2, MONDAY, user)
    assert [(s.ordinal, s.kind, s.slot) for s in second.steps.order_by("ordinal")] == [
        (0, "reminder", "poc"),
        (1, "escalation", "lead"),
    ]
    assert (first.target_amount, first.steps.count()) == (PolicyVersion.objects.get(pk=first.pk).target_amount, 4)
    event = Event.objects.get()
    assert event.facts["changes"] == {"version": ["1", "2"]}


def test_a_version_that_asks_for_nothing_new_is_none_unless_it_is_for_what_is_owed():
    first = shipped(KIND)
    terms = writing.terms_of(first)
    assert act("write_version", first.policy, terms=terms) == first
    assert not Event.objects.exists()
    assert act("write_version", first.policy, terms=replace(terms, is_for_open=True)).number == 2


def test_what_a_version_changed_is_told_thing_by_thing():
    old = writing.terms_of(shipped(KIND))
    new = replace(old, target_amount=1, steps=old.steps[:2])
    told = {change.label: (change.old, change.new) for change in differences(old, new)}
    assert told["Due"] == ("3 working days after it is promised", "1 working day after it is promised")
    assert told["Step 3"] == ("4 working hours after the step before: the backup", "")
    assert set(told) == {"Due", "Step 3", "Step 4"}


def test_what_a_policy_is_for_is_said_in_words():
    assert match_words(add("x", priority="urgent", topic=topic("billing"))) == "priority: urgent, about: Billing"
    assert match_words(rest()) == "whatever no other one matches"
