"""Keeping in touch: what a tier asks for is owed while the account is current; any touch that counts puts it off."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from accounts import keeping_in_touch
from accounts.models import Account
from crm.commitments import actions
from crm.commitments.auditing import auditor
from crm.commitments.models import Commitment, Finding, Kind, Notification
from crm.commitments.opening import FARTHEST
from crm.commitments.planning import planner
from crm.commitments.refusals import SettledElsewhere
from crm.core.actor import Actor
from crm.desk.merging import merge
from crm.dossiers.models import Dossier, Event, Tier
from crm.handovers.archiving import archive
from crm.poc.models import WorkingCalendar
from interactions import corrections
from interactions.actions import Touch, log
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.commitments import CommitmentFactory
from tests.factories.dossiers import channel, outcome, tier, topic
from tests.factories.poc import AssignmentFactory, CalendarFactory, PersonFactory
from tests.factories.users import UserFactory, actor

DAYS = 30  # what the tier asks for here; AT is noon of Wednesday, 4 March 2026
BY = Actor.system("task")


@pytest.fixture
def account(db, clock):
    """An account with a tier that asks for a touch every thirty days, last touched at `AT`."""
    clock.freeze(AT)
    Tier.objects.filter(code="a").update(touch_every_days=DAYS)
    account = AccountFactory(name="Atlantico", tier=tier("a"), last_touch_at=AT)
    AssignmentFactory(dossier=account.dossier, poc=PersonFactory(name="Ann", signs_in=True))
    return account


def owed(account):
    return Commitment.objects.open().get(dossier=account.pk, kind=Kind.TOUCH)


def is_owed(account):
    return Commitment.objects.open().filter(dossier=account.pk, kind=Kind.TOUCH).exists()


def test_a_touch_is_owed_when_the_tier_asks_for_it(account):
    assert keeping_in_touch.reconcile() == 1
    c = owed(account)
    assert (c.title, c.poc, c.recur_every, c.recur_from) == ("Keep in touch with Atlantico", None, DAYS, AT)
    assert Event.objects.get(kind=Event.Kind.OWED).source == "task"


def test_it_is_due_as_work_begins_on_the_first_open_day_after_so_many_days(account):
    keeping_in_touch.reconcile()
    assert owed(account).due_at == datetime(2026, 4, 3, 9, tzinfo=UTC)  # thirty days on, a Friday
    Tier.objects.filter(code="a").update(touch_every_days=DAYS + 1)
    keeping_in_touch.reconcile()
    assert owed(account).due_at == datetime(2026, 4, 6, 9, tzinfo=UTC)  # not on Saturday


def test_nothing_differs_once_it_is_owed(account, django_assert_max_num_queries):
    keeping_in_touch.reconcile()
    with django_assert_max_num_queries(6):  # the clock, three kinds of differences, a transaction around
        assert keeping_in_touch.reconcile() == 0


def test_an_account_never_touched_counts_from_when_it_was_asked_for(account):
    Account.objects.update(last_touch_at=None)
    keeping_in_touch.reconcile()
    assert owed(account).recur_from == AT
    assert keeping_in_touch.reconcile() == 0


def change(**values):
    return lambda account: Dossier.objects.filter(pk=account.pk).update(**values)


ENDS = {
    "no tier": change(tier=None),
    "archived": change(archived_at=AT),
    "former": lambda account: Account.objects.filter(pk=account.pk).update(kind="former"),
    "internal": lambda account: Account.objects.filter(pk=account.pk).update(kind="internal"),
    "no days": lambda account: Tier.objects.filter(code="a").update(touch_every_days=None),
    "other tier": lambda account: Dossier.objects.filter(pk=account.pk).update(
        tier=Tier.objects.create(code="z", name="Z")
    ),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_it_ends_when_nothing_asks_for_it_any_more(account, end):
    keeping_in_touch.reconcile()
    end(account)
    assert keeping_in_touch.reconcile() == 1
    assert not is_owed(account)
    assert keeping_in_touch.reconcile() == 0


def test_restored_it_is_owed_again(account):
    keeping_in_touch.reconcile()
    change(archived_at=AT)(account)
    keeping_in_touch.reconcile()
    change(archived_at=None)(account)
    keeping_in_touch.reconcile()
    assert is_owed(account)


def test_other_days_move_the_same_row(account):
    keeping_in_touch.reconcile()
    before = owed(account)
    Tier.objects.filter(code="a").update(touch_every_days=60)
    keeping_in_touch.reconcile()
    after = owed(account)
    assert (after.pk, after.generation, after.recur_every) == (before.pk, 2, 60)
    assert after.due_at - before.due_at == timedelta(days=31)  # the sixtieth day is a Sunday


def a_call(account, code="reached", at=AT + timedelta(days=10), **values):
    touch = Touch(channel=channel(), direction="out", topic=topic(), account=account, outcome=outcome(code), **values)
    return log(touch=touch, by=actor(), at=at)


def test_any_touch_that_counts_puts_it_off_at_once(account):
    keeping_in_touch.reconcile()
    a_call(Account.objects.for_list().get(pk=account.pk))
    c = owed(account)
    assert (c.recur_from, c.generation) == (AT + timedelta(days=10), 2)
    assert c.due_at == datetime(2026, 4, 13, 9, tzinfo=UTC)
    assert keeping_in_touch.reconcile() == 0


def test_what_does_not_count_does_not(account):
    keeping_in_touch.reconcile()
    a_call(Account.objects.for_list().get(pk=account.pk), "no_answer")
    assert owed(account).generation == 1


def test_an_older_touch_logged_late_does_not(account):
    keeping_in_touch.reconcile()
    a_call(Account.objects.for_list().get(pk=account.pk), occurred_at=AT - timedelta(days=1))
    assert owed(account).generation == 1


@pytest.mark.parametrize("days_before", [1, 10, 400])
def test_a_first_touch_that_is_logged_late_makes_it_due_no_earlier(account, days_before):
    Account.objects.update(last_touch_at=None)
    keeping_in_touch.reconcile()
    before = owed(account).due_at
    known = Account.objects.for_list().get(pk=account.pk)
    a_call(known, at=AT + timedelta(hours=1), occurred_at=AT - timedelta(days=days_before))
    assert keeping_in_touch.reconcile() == 0
    assert owed(account).due_at == before


def test_a_tier_counts_from_the_last_touch_that_is_known(account):
    Account.objects.update(last_touch_at=AT - timedelta(days=20))
    keeping_in_touch.reconcile()
    assert owed(account).recur_from == AT - timedelta(days=20)
    assert keeping_in_touch.reconcile() == 0


@pytest.mark.parametrize("year", [1912, 1995, 2070])
def test_a_touch_decades_away_holds_nobody_up(account, clock, year):
    """From years before it was refused: the row is owed all the same, and so are the others."""
    Account.objects.filter(pk=account.pk).update(last_touch_at=AT.replace(year=year))
    other = AccountFactory(tier=tier("a"), last_touch_at=AT)
    planner.sweep()
    assert abs(owed(account).due_at - AT) <= FARTHEST
    assert owed(other).due_at == datetime(2026, 4, 3, 9, tzinfo=UTC)
    assert keeping_in_touch.reconcile() == 0


@pytest.fixture
def bad(account, monkeypatch):
    """An account that cannot be worked out: the hours of whoever answers are by a clock that is none."""
    monkeypatch.setattr(keeping_in_touch, "_aside", {})
    bad = AccountFactory(name="Bad", tier=tier("a"), last_touch_at=AT)
    nowhere = CalendarFactory(nine_to_six=True)
    WorkingCalendar.objects.filter(pk=nowhere.pk).update(zone="Nowhere/Bad")
    AssignmentFactory(dossier=bad.dossier, poc=PersonFactory(calendar=nowhere))
    return bad


def test_what_cannot_be_worked_out_is_set_aside_and_the_others_are_owed(account, bad):
    others = AccountFactory.create_batch(3, tier=tier("a"))
    planner.sweep()
    assert [is_owed(a) for a in (account, *others, bad)] == [True] * 4 + [False]
    assert keeping_in_touch.reconcile() == 0  # it is left alone for a while


def test_what_cannot_be_counted_anew_holds_no_other_up(account, bad):
    WorkingCalendar.objects.filter(zone="Nowhere/Bad").update(zone="Europe/Rome")
    keeping_in_touch.reconcile()
    WorkingCalendar.objects.filter(zone="Europe/Rome").update(zone="Nowhere/Bad", version=2)
    Account.objects.update(last_touch_at=AT + timedelta(days=1))
    keeping_in_touch.reconcile()
    assert owed(account).recur_from == AT + timedelta(days=1)
    assert owed(bad).recur_from == AT


def test_administrators_hear_what_was_set_aside_until_it_is_mended(account, bad, clock):
    PersonFactory(name="Root", user=UserFactory(role="administrator"))
    planner.sweep()
    auditor.sweep()
    found = Finding.objects.standing().get(code="no_touch")
    assert (found.subject, found.detail) == (f"a:{bad.pk}", "ZoneInfoNotFoundError")
    assert Notification.objects.filter(kind="audit", recipient__name="Root").exists()
    WorkingCalendar.objects.filter(zone="Nowhere/Bad").update(zone="UTC")
    clock.freeze(AT + timedelta(minutes=11))
    planner.sweep()
    assert is_owed(bad)
    auditor.sweep()
    assert not Finding.objects.standing().filter(code="no_touch").exists()


def test_a_tier_asks_for_a_touch_once_in_ten_years_at_least(db):
    with pytest.raises(IntegrityError), transaction.atomic():
        Tier.objects.filter(code="a").update(touch_every_days=Tier.MOST_DAYS + 1)
    with pytest.raises(ValidationError):
        Tier(code="z", name="Z", touch_every_days=20_000).full_clean()


def test_undone_it_is_due_as_before(account):
    keeping_in_touch.reconcile()
    before = owed(account).due_at
    logged = a_call(Account.objects.for_list().get(pk=account.pk))
    corrections.withdraw(interaction=logged.interaction, by=BY, at=AT + timedelta(days=10))
    Account.objects.filter(pk=account.pk).update(last_touch_at=AT)  # the touch before, of which no row tells
    keeping_in_touch.reconcile()
    assert owed(account).due_at == before


def test_imported_touches_are_followed(account):
    keeping_in_touch.reconcile()
    Account.objects.filter(pk=account.pk).update(last_touch_at=AT + timedelta(days=5))
    assert keeping_in_touch.reconcile() == 1
    assert owed(account).recur_from == AT + timedelta(days=5)


def test_only_a_touch_settles_it(account):
    keeping_in_touch.reconcile()
    for act in (actions.keep, actions.cancel):
        with pytest.raises(SettledElsewhere) as refused:
            act(commitment=owed(account), by=BY, at=AT)
        assert "conversation" in refused.value.messages[0]


def test_whoever_answers_is_reminded_and_a_touch_takes_back_what_was_not_sent(account, clock):
    keeping_in_touch.reconcile()
    clock.freeze(datetime(2026, 3, 27, 9, 0, tzinfo=UTC))  # five working days before
    planner.sweep()
    assert set(Notification.objects.values_list("kind", "recipient__name")) == {("reminder", "Ann")}
    a_call(Account.objects.for_list().get(pk=account.pk), at=datetime(2026, 3, 27, 10, 0, tzinfo=UTC))
    assert set(Notification.objects.filter(channel="email").values_list("state", flat=True)) == {"superseded"}


def test_the_sweep_of_the_planner_reconciles_once_a_minute(account, clock):
    planner.sweep()
    assert is_owed(account)
    change(tier=None)(account)
    clock.freeze(AT + timedelta(seconds=30))
    planner.sweep()
    assert is_owed(account)
    clock.freeze(AT + timedelta(seconds=61))
    planner.sweep()
    assert not is_owed(account)


def test_many_cost_the_same(account, django_assert_max_num_queries):
    keeping_in_touch.reconcile()
    AccountFactory.create_batch(12, tier=tier("a"))
    with django_assert_max_num_queries(25):
        assert keeping_in_touch.reconcile() == 12


def test_logging_costs_three_queries_more_where_a_tier_asks(account, django_assert_num_queries):
    keeping_in_touch.reconcile()
    known = Account.objects.for_list().get(pk=account.pk)
    with django_assert_num_queries(3):  # the row, its calendar, the row
        keeping_in_touch.touched(account=known, touched_at=AT + timedelta(days=1), at=AT + timedelta(days=1))


def test_a_record_owes_one_touch_at_most(account):
    CommitmentFactory(dossier=account.dossier, kind=Kind.TOUCH)
    with pytest.raises(IntegrityError), transaction.atomic():
        CommitmentFactory(dossier=account.dossier, kind=Kind.TOUCH)


def test_archiving_is_not_held_up_by_it_and_ends_it(account):
    keeping_in_touch.reconcile()
    archive(dossier=account.dossier, by=BY, at=AT)
    keeping_in_touch.reconcile()
    assert not is_owed(account)


def test_merged_accounts_owe_one_touch(account):
    other = AccountFactory(tier=tier("a"), last_touch_at=AT - timedelta(days=1))
    keeping_in_touch.reconcile()
    merge(keep=account, drop=other, by=BY, at=AT)
    keeping_in_touch.reconcile()
    assert is_owed(account)
    assert not is_owed(other)
    assert Commitment.objects.open().filter(kind=Kind.TOUCH).count() == 1
