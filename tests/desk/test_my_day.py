"""What one person has to see today."""

import re
from datetime import timedelta

import pytest

from accounts import keeping_in_touch
from accounts.models import Account
from crm.commitments import actions, inbox, waiting
from crm.commitments.models import Commitment, Kind
from crm.core.actor import Actor
from crm.desk import my_day
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.commitments import CommitmentFactory, NotificationFactory
from tests.factories.dossiers import DossierFactory, tier
from tests.factories.outbox import MessageFactory
from tests.factories.poc import AbsenceFactory, AssignmentFactory, PersonFactory, TeamFactory
from tests.factories.users import UserFactory

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def mine(marta):
    """An account for which Marta answers."""
    account = AccountFactory(name="Mercado Sur")
    AssignmentFactory(dossier=account.dossier, poc=marta)
    return account


def day_of(poc):
    return my_day.of(poc.user, at=AT)


def owed(account, due_at, **fields):
    return CommitmentFactory(dossier=account.dossier, due_at=due_at, **fields)


def test_each_thing_owed_stands_where_it_belongs_and_once(marta, mine):
    late = owed(mine, AT - HOUR)
    escalated_and_mine = owed(mine, AT - DAY, escalated_at=AT - HOUR, escalated_to=marta)
    today = owed(mine, AT + HOUR)
    answer = owed(mine, AT + 2 * HOUR, kind=Kind.FIRST_ANSWER)
    coming = owed(mine, AT + DAY)
    owed(mine, AT + 60 * DAY)
    day = day_of(marta)
    assert (day.late, day.today, day.answers, day.coming) == (
        [escalated_and_mine, late], [today], [answer], [coming],
    )  # fmt: skip


def test_what_others_owe_is_not_mine_until_it_is_escalated_to_me(marta):
    account = AccountFactory()
    AssignmentFactory(dossier=account.dossier, poc=PersonFactory())
    owed(account, AT - HOUR)
    escalated = owed(account, AT - DAY, escalated_at=AT - HOUR, escalated_to=marta)
    assert day_of(marta).late == [escalated]


def test_whom_i_cover_i_answer_for(marta):
    away = PersonFactory()
    AbsenceFactory(poc=away, cover=marta)
    account = AccountFactory()
    AssignmentFactory(dossier=account.dossier, poc=away)
    covered = owed(account, AT + HOUR)
    assert day_of(marta).today == [covered]


def test_an_answer_owed_says_how_much_working_time_is_left(marta, mine):
    owed(mine, AT + 3 * HOUR, kind=Kind.FIRST_ANSWER)
    owed(mine, AT + 21 * HOUR, kind=Kind.FIRST_ANSWER)  # tomorrow at nine, six hours of today
    assert [c.left for c in day_of(marta).answers] == ["3 working hours left", "6 working hours left"]


def test_snoozed_and_done_things_rest(marta, mine):
    owed(mine, AT - HOUR, kept=True)
    owed(mine, AT - HOUR, state=Commitment.State.SNOOZED, hold_until=AT + DAY)
    assert day_of(marta).is_clear


def test_accounts_one_loses_touch_with_are_shown_the_longest_silent_first(marta, clock):
    clock.freeze(AT)
    for name, days in (("A", 41), ("B", 26), ("C", 5), ("D", None)):
        account = AccountFactory(name=name, tier=tier("a"), last_touch_at=AT - days * DAY if days else None)
        AssignmentFactory(dossier=account.dossier, poc=marta)
    AccountFactory(name="Somebody else's", tier=tier("a"), last_touch_at=AT - 41 * DAY)
    keeping_in_touch.reconcile()
    day = day_of(marta)
    assert [c.dossier.title for c in day.losing] == ["A", "B"]
    assert not day.late


def test_what_waits_for_a_customer_is_not_overdue_and_stands_apart(marta, mine):
    waiting.wait(commitment=owed(mine, AT - HOUR), reason="The signed offer", by=Actor(marta.user), at=AT)
    day = day_of(marta)
    assert ([(c.state, c.waits_for) for c in day.waiting], day.is_clear) == ([("waiting", "The signed offer")], True)


def test_what_is_put_off_stands_apart_until_its_moment(marta, mine):
    later, soon = (owed(mine, AT - HOUR) for _n in range(2))
    for commitment, hours in ((later, 5), (soon, 2)):
        actions.snooze(commitment=commitment, until=AT + hours * HOUR, by=Actor(marta.user), at=AT)
    day = day_of(marta)
    assert (day.put_off, day.late, day.is_clear) == ([soon, later], [], True)


def test_a_promised_update_is_an_answer_owed(marta, mine):
    update = owed(mine, AT + HOUR, kind=Kind.NEXT_UPDATE)
    assert day_of(marta).answers == [update]


def test_absences_of_my_team_and_my_own_are_shown_while_they_matter(marta):
    colleague = PersonFactory()
    TeamFactory(members=[marta, colleague])
    soon = AbsenceFactory(poc=colleague, starts_at=AT + DAY, ends_at=AT + 2 * DAY)
    own = AbsenceFactory(poc=marta, starts_at=AT + 3 * DAY, ends_at=AT + 4 * DAY)
    AbsenceFactory(poc=colleague, starts_at=AT + 60 * DAY, ends_at=AT + 61 * DAY)
    AbsenceFactory(poc=colleague, starts_at=AT + 5 * DAY, ends_at=AT + 5 * DAY)  # taken back
    AbsenceFactory()
    assert day_of(marta).absences == [soon, own]


def test_a_lead_sees_what_nobody_acts_on(marta):
    account = AccountFactory()
    member = PersonFactory(home_team=TeamFactory(lead=marta))
    AssignmentFactory(dossier=account.dossier, poc=member)
    given_up = owed(account, AT - 5 * DAY, used_up_at=AT - DAY)
    assert day_of(marta).used_up == [given_up]


def test_somebody_who_answers_for_nothing_is_told_so(client, db):
    client.force_login(UserFactory(role="sales_rep"))
    assert "You answer for nothing here" in client.get("/").content.decode()


def test_the_page_names_the_day_and_what_is_owed(as_marta, mine):
    owed(mine, AT - HOUR, title="Call them back")
    html = as_marta.get("/").content.decode()
    for said in ("Wednesday 4 March", "1 overdue or escalated", "Call them back", "Mercado Sur"):
        assert said in html


def test_of_what_is_long_the_page_shows_the_beginning_and_the_rest_when_asked(as_marta, mine, monkeypatch):
    for n in range(23):
        owed(mine, AT - (30 - n) * HOUR, title=f"Late {n}.")
    owed(mine, AT + HOUR, title="Today.")
    html = as_marta.get("/").content.decode()
    assert ("Late 19." in html, "Late 20." in html, "Today." in html) == (True, False, True)
    assert 'href="?all=late#late-h">Show all 23</a>' in html and "More is owed" not in html
    monkeypatch.setattr(inbox, "MOST", 24)
    html = as_marta.get("/", {"all": "late"}).content.decode()
    assert "Late 22." in html and "Show all" not in html and "More is owed than is counted here" in html


def test_without_anything_owed_it_says_what_to_do_next(as_marta, mine):
    assert "Nothing owed today" in as_marta.get("/").content.decode()


def test_without_any_account_it_asks_for_the_first(as_marta):
    assert "No accounts yet" in as_marta.get("/").content.decode()
    assert not Account.objects.exists()


def test_everybody_signed_in_lands_here_and_nobody_else(client, db):
    UserFactory()
    assert client.get("/")["Location"].startswith("/auth/login/")


def test_account_managers_have_the_administration_and_reps_do_not(as_marta, client):
    assert "/admin/" not in as_marta.get("/").content.decode()
    client.force_login(UserFactory(account_manager=True))
    assert client.get("/").content.decode().count("/admin/") == 1


def test_what_was_told_is_shown_until_it_is_read(as_marta, marta):
    other = UserFactory(name="Giulia Ferrari")
    account = AccountFactory(name="Officine Brambilla")
    values = {"topic": "General", "by": "Giulia Ferrari", "old": "", "new": "Marta Ruiz"}
    actions.notify(
        idem_key="a:1:new", kind="assigned_new", recipient_poc_ids=[marta.pk], dossier=account.dossier, context=values,
        channels=("inbox",), by=Actor(other), at=AT,
    )  # fmt: skip
    message = MessageFactory(recipient=marta, inbox=True)
    marta_told = message.notifications
    marta_told.model.objects.update(message=message)
    assert "You answer for Officine Brambilla now" in as_marta.get("/").content.decode()
    assert as_marta.get("/inbox/read/").status_code == 405
    as_marta.post("/inbox/read/", {"notice": message.pk})
    assert "Officine Brambilla" not in as_marta.get("/").content.decode()


def tell(poc, n=1, *, kind="logged"):
    """Write that many inbox entries, each telling one thing."""
    for message in MessageFactory.create_batch(n, recipient=poc, inbox=True):
        NotificationFactory(
            message=message, kind=kind, recipient=poc, idem_key=f"e:{message.pk}", commitment=None, generation=None,
            step=None, channel="inbox", dossier=DossierFactory(),
            facts={"contact": f"Caller {message.pk}", "user": "Giulia"},
        )  # fmt: skip


def test_read_marks_what_was_shown_and_the_badge_counts_what_was_not(as_marta, marta):
    tell(marta, 40)
    day = day_of(marta)
    assert (len(day.notices), day.unread) == (my_day.NOTICES, "40")
    html = as_marta.get("/").content.decode()
    shown = re.findall(r'name="notice" value="(\d+)"', html)
    assert len(shown) == my_day.NOTICES
    as_marta.post("/inbox/read/", {"notice": shown})
    assert day_of(marta).unread == str(40 - my_day.NOTICES)
    assert {str(entry.message.pk) for entry in day_of(marta).notices}.isdisjoint(shown)


def test_a_hundred_unread_things_are_not_counted_further(marta, monkeypatch):
    monkeypatch.setattr(my_day, "MOST_UNREAD", 14)
    tell(marta, 14)
    assert day_of(marta).unread == "14"
    tell(marta, 2)
    assert day_of(marta).unread == "14+"


def test_reminders_hide_no_news(marta):
    tell(marta)
    tell(marta, 3 * my_day.NOTICES, kind="reminder")
    day = day_of(marta)
    assert ([len(entry.lines) for entry in day.notices], day.unread) == ([1], "1")


def test_nobody_marks_what_others_were_told(as_marta):
    other = PersonFactory(signs_in=True)
    tell(other)
    (entry,) = day_of(other).notices
    as_marta.post("/inbox/read/", {"notice": entry.message.pk})
    assert day_of(other).unread == "1"


@pytest.mark.parametrize("notice", [[], "", "x", "-1", "9" * 30, ["1", "x"]])
def test_odd_marks_of_what_was_read_are_404(as_marta, notice):
    assert as_marta.post("/inbox/read/", {"notice": notice}).status_code == 404


@pytest.mark.parametrize("n", [1, 12])
def test_a_day_costs_the_same_however_full(as_marta, marta, n, django_assert_num_queries):
    team = TeamFactory(members=[marta], lead=marta)
    for _n in range(n):
        account = AccountFactory(tier=tier("a"))
        AssignmentFactory(dossier=account.dossier, poc=marta)
        member = PersonFactory(home_team=team)
        AbsenceFactory(poc=member, cover=marta)
        for due_at in (AT - HOUR, AT + HOUR, AT + DAY):
            owed(account, due_at)
        owed(account, AT + HOUR, kind=Kind.FIRST_ANSWER)
        owed(account, AT - DAY, escalated_at=AT - HOUR, escalated_to=marta, used_up_at=AT)
        tell(marta)
    as_marta.get("/")
    # session, reader · my POC, my teams · what I owe, what was escalated and what is used up: twelve, as
    # `inbox.read` · calendars, whose is which · absences · notices, what they say · handovers that are proposed
    with django_assert_num_queries(2 + 2 + 12 + 6):
        as_marta.get("/")
