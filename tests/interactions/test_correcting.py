"""Correcting what was logged: the original stays readable, and a touch that moves takes its place along."""

from datetime import timedelta

import pytest

from accounts.models import Account
from contacts.models import Contact
from crm.commitments.models import Commitment
from crm.core.actor import Actor
from crm.desk.merging import merge
from crm.dossiers import timeline
from crm.dossiers.actions import Archived
from crm.dossiers.models import Event
from crm.poc.models import Grant
from crm.users.models import RoleScope
from interactions.actions import (
    AccountMismatch,
    InTheFuture,
    NoteTooLong,
    OutcomeMismatch,
    TooLongAgo,
    WhoRequired,
    log,
)
from interactions.correcting import NotYours, WasUndone, correct
from interactions.corrections import put_to_record, undo
from interactions.employers import change_employer
from interactions.follow_ups import NewFollowUp
from interactions.models import FollowUp, Interaction
from tests.doors import ask_as, problem
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.contacts import ContactFactory
from tests.factories.dossiers import channel, outcome, purpose, topic
from tests.factories.interactions import FollowUpFactory
from tests.factories.poc import GrantFactory
from tests.factories.projects import ProjectFactory
from tests.factories.users import UserFactory, actor, narrow

BEFORE = AT - timedelta(hours=5)
LATER = AT + timedelta(minutes=5)


@pytest.fixture
def olive(db):
    """Somebody else at another firm."""
    return ContactFactory(name="Olivia Mill", account__name="Olive Mill", at_account=True)


@pytest.fixture
def logged(by, lima, call):
    return log(touch=call(contact=lima, occurred_at=BEFORE, note="Wants the offr."), by=by, at=AT).interaction


def corrected(interaction, by, **said):
    return correct(interaction=interaction, by=by, at=LATER, **said)


def entries(record, kind="logged", homes=None):
    return [entry for entry in timeline.page(record.pk, homes=homes).entries if entry.kind == kind]


# --- What it says


def test_the_touch_says_what_it_should_have_said(by, logged):
    corrected(logged, by, note="Wants the offer.", outcome=outcome("left_message"), seconds=90)
    logged.refresh_from_db()
    assert (logged.note, logged.outcome.code, logged.seconds) == ("Wants the offer.", "left_message", 90)


def test_it_stands_on_the_timeline_once_as_it_is_now_logged_by_whom_and_when_it_was(by, lima, logged):
    corrected(logged, actor(UserFactory(role="account_manager")), note="Wants the offer.")
    for record in (lima, lima.account):
        (entry,) = entries(record)
        assert (entry.at, entry.note, entry.actor, entry.interaction_id) == (
            BEFORE, "Wants the offer.", "Marta Ruiz", logged.pk,
        )  # fmt: skip


def test_the_original_stays_readable(by, lima, logged):
    corrected(logged, by, note="Wants the offer.", topic=topic("billing"), occurred_at=AT)
    (entry,) = entries(lima, "changed")
    assert entry.title == "Marta Ruiz corrected what was logged with Beatriz Lima"
    assert "What was said: Wants the offr. → Wants the offer." in entry.meta
    assert "About: General → Billing" in entry.meta
    first = Event.objects.filter(kind=Event.Kind.LOGGED).order_by("pk").first()
    assert first.personal.values["note"] == "Wants the offr."


def test_another_moment_is_another_place_on_the_timeline(by, lima, logged):
    corrected(logged, by, occurred_at=BEFORE - timedelta(days=1))
    (entry,) = entries(lima)
    assert entry.at == BEFORE - timedelta(days=1)
    assert Contact.objects.get(pk=lima.pk).last_touch_at == BEFORE - timedelta(days=1)


def test_a_touch_that_reached_nobody_after_all_moves_no_clock(by, lima, logged):
    corrected(logged, by, outcome=outcome("no_answer"))
    assert Contact.objects.get(pk=lima.pk).last_touch_at is None
    assert not Interaction.objects.get(pk=logged.pk).is_touch


def test_saying_the_same_changes_nothing(by, logged):
    n = Event.objects.count()
    corrected(logged, by, note="Wants the offr.")
    assert Event.objects.count() == n


# --- Where it lies


def test_it_moves_from_the_timelines_of_one_record_to_those_of_another(by, lima, olive, logged):
    assert (len(entries(lima)), len(entries(lima.account)), len(entries(olive))) == (1, 1, 0)
    corrected(logged, by, contact=olive)
    assert (len(entries(lima)), len(entries(lima.account))) == (0, 0)
    assert (len(entries(olive)), len(entries(olive.account))) == (1, 1)
    logged.refresh_from_db()
    assert (logged.account, logged.dossier, logged.home_id) == (olive.account, olive.dossier, olive.account_id)


def test_where_it_was_it_is_said_where_it_went_to_those_who_read_there(by, lima, olive, logged):
    corrected(logged, by, contact=olive)
    (entry,) = entries(lima, "changed", homes=[lima.account_id])
    assert "Beatriz Lima → Olivia Mill" in entry.title


def test_the_touch_clocks_follow(by, lima, olive, logged):
    corrected(logged, by, contact=olive)
    for model, was, now in ((Contact, lima, olive), (Account, lima.account, olive.account)):
        assert model.objects.get(pk=was.pk).last_touch_at is None
        assert model.objects.get(pk=now.pk).last_touch_at == BEFORE


def test_what_is_still_owed_for_it_follows_with_whoever_was_told(by, lima, olive, call):
    touch = call(contact=lima, direction="in", purpose=purpose())
    done = log(touch=touch, follow_up=NewFollowUp(AT + timedelta(days=1)), by=by, at=AT)
    told = GrantFactory(home=lima.account.dossier, cause=done.answer.grant_cause)
    corrected(done.interaction, by, contact=olive, topic=topic("billing"))
    owed = Commitment.objects.values_list("dossier", "home", "topic__code")
    assert list(owed) == [(olive.pk, olive.account_id, "billing")] * 2
    assert FollowUp.objects.get().contact == olive
    assert Grant.objects.get(pk=told.pk).home_id == olive.account_id


def test_what_was_settled_since_stays(by, lima, olive, call):
    done = log(touch=call(contact=lima, direction="in", purpose=purpose()), by=by, at=AT)
    Commitment.objects.update(state="kept", closed_at=AT, next_action_at=None)
    corrected(done.interaction, by, contact=olive)
    assert Commitment.objects.get().dossier_id == lima.pk


def test_who_answered_then_stays(by, ann, olive, logged):
    assert corrected(logged, by, contact=olive).poc == ann


def test_a_project_is_named_beside_the_contact(by, lima, logged):
    project = ProjectFactory(account=lima.account)
    corrected(logged, by, project=project)
    assert [len(entries(record)) for record in (project, lima, lima.account)] == [1, 1, 1]


def test_it_may_turn_out_to_be_a_strangers_again(by, lima, call):
    stranger = log(touch=call(caller="+351 21 777 1410"), by=by, at=AT).interaction
    put_to_record(interaction=stranger, contact=lima, by=by, at=AT)
    back = corrected(Interaction.objects.get(), by, contact=None, account=None)
    assert list(Interaction.objects.to_sort()) == [back]
    assert entries(lima) == []
    assert back.home_id == back.touch_point_id


def test_without_a_caller_it_cannot_be_a_strangers(by, logged):
    with pytest.raises(WhoRequired):
        corrected(logged, by, contact=None, account=None)


def test_a_contact_who_has_moved_on_leaves_a_corrected_touch_at_home_where_it_was(by, lima, logged):
    old, new = lima.account, AccountFactory()
    change_employer(contact=lima, account=new, by=by, at=AT)
    corrected(logged, by, note="Wants the offer.")
    logged.refresh_from_db()
    assert logged.home_id == old.pk
    assert len(entries(old, homes=[old.pk])) == 1
    assert entries(lima, homes=[new.pk]) == []


def test_a_touch_with_an_account_that_was_merged_stays_on_the_survivors_timeline(by, lima, logged):
    survivor = AccountFactory()
    merge(keep=survivor, drop=lima.account, by=by, at=AT)
    corrected(logged, by, note="Wants the offer.")
    (entry,) = entries(survivor)
    assert entry.note == "Wants the offer."


# --- Again, and undone


def test_a_correction_is_corrected_and_both_stay_readable(by, lima, olive, logged):
    corrected(logged, by, contact=olive, note="Wants the offer.")
    corrected(logged, by, contact=lima, note="Wants two offers.")
    (entry,) = entries(lima)
    assert (entry.note, len(entries(olive))) == ("Wants two offers.", 0)
    shown = Event.objects.get(pk=entry.id)
    before = [e.personal.values["changes"]["note"][0] for e in Event.objects.filter(pk__in=shown.facts["corrections"])]
    assert sorted(before) == ["Wants the offer.", "Wants the offr."]


def test_undoing_a_corrected_touch_takes_back_what_it_brought(by, lima, olive, call):
    settled = FollowUpFactory(commitment__dossier=lima.dossier, contact=lima).commitment
    touch = call(contact=lima)
    done = log(touch=touch, follow_up=NewFollowUp(AT + timedelta(days=1)), settles=[settled], by=by, at=AT)
    corrected(done.interaction, by, contact=olive)
    undo(interaction=done.interaction, by=by, at=LATER)
    states = dict(Commitment.objects.values_list("pk", "state"))
    assert states == {settled.pk: "open", done.follow_up.pk: "cancelled"}
    assert Contact.objects.get(pk=olive.pk).last_touch_at is None


# --- Refused


def test_only_the_one_who_logged_it_and_those_who_may_change_touches_correct_it(logged):
    with pytest.raises(NotYours):
        corrected(logged, actor(UserFactory(role="sales_rep")), note="x")
    corrected(logged, actor(UserFactory(role="project_manager")), note="x")
    corrected(logged, Actor.system(), note="y")


def test_what_was_undone_is_not_corrected(by, logged):
    undo(interaction=logged, by=by, at=AT)
    with pytest.raises(WasUndone):
        corrected(logged, by, note="x")


@pytest.mark.parametrize(
    ("said", "refusal"),
    [
        (lambda: {"occurred_at": LATER + timedelta(minutes=1)}, InTheFuture),
        (lambda: {"occurred_at": LATER.replace(year=1995)}, TooLongAgo),
        (lambda: {"note": "x" * 20_001}, NoteTooLong),
        (lambda: {"channel": channel("email")}, OutcomeMismatch),
        (lambda: {"account": AccountFactory(), "project": ProjectFactory()}, AccountMismatch),
        (lambda: {"contact": ContactFactory(archived_at=AT)}, Archived),
    ],
)
def test_what_logging_refuses_is_refused(by, logged, said, refusal):
    with pytest.raises(refusal):
        corrected(logged, by, **said())


# --- Doors


def values(form, **said):
    """What a browser sends back: everything as it was shown, but for what is `said`."""
    shown = {name: form[name].value() for name in form.fields}
    shown["occurred_at"] = form["occurred_at"].value().strftime("%Y-%m-%dT%H:%M")
    pks = {name: value.pk for name, value in shown.items() if hasattr(value, "pk")}
    return {name: value for name, value in (shown | pks | said).items() if value is not None}


def test_the_page_shows_what_was_logged_and_corrects_it(as_marta, lima, logged):
    assert f"/interactions/{logged.pk}/correct/" in as_marta.get(f"/interactions/{logged.pk}/").content.decode()
    address = f"/interactions/{logged.pk}/correct/"
    form = as_marta.get(address).context["form"]
    answer = as_marta.post(address, values(form, note="Wants the offer.", minutes="3"), follow=True)
    logged.refresh_from_db()
    assert (logged.note, logged.seconds, logged.occurred_at) == ("Wants the offer.", 180, BEFORE)
    assert "<del>Wants the offr.</del>" in answer.content.decode()
    assert len(entries(lima, "changed")) == 1


def test_sending_the_page_back_as_it_was_changes_nothing(as_marta, logged):
    moment = BEFORE + timedelta(seconds=7)
    Interaction.objects.filter(pk=logged.pk).update(seconds=95, occurred_at=moment)  # no whole minutes
    n = Event.objects.count()
    address = f"/interactions/{logged.pk}/correct/"
    as_marta.post(address, values(as_marta.get(address).context["form"]))
    assert Event.objects.count() == n
    logged.refresh_from_db()
    assert (logged.seconds, logged.occurred_at) == (95, moment)


def test_the_page_puts_it_to_another_contact(as_marta, olive, logged):
    address = f"/interactions/{logged.pk}/correct/"
    form = as_marta.get(address).context["form"]
    as_marta.post(address, values(form, contact="Olivia Mill", account=""))
    logged.refresh_from_db()
    assert (logged.contact, logged.home_id) == (olive, olive.account_id)


def test_the_page_says_what_is_wrong(as_marta, logged):
    address = f"/interactions/{logged.pk}/correct/"
    form = as_marta.get(address).context["form"]
    answer = as_marta.post(address, values(form, contact="Nobody At All", occurred_at="2027-01-01T10:00"))
    assert answer.status_code == 422
    assert "contact" in answer.context["form"].errors
    answer = as_marta.post(address, values(form, occurred_at="2027-01-01T10:00"))
    assert "occurred_at" in answer.context["form"].errors


def test_whoever_may_not_correct_it_is_not_offered_to(client, logged):
    client.force_login(UserFactory(role="sales_rep"))
    assert "/correct/" not in client.get(f"/interactions/{logged.pk}/").content.decode()
    assert client.get(f"/interactions/{logged.pk}/correct/").status_code == 403


def test_a_strangers_touch_is_404(client, logged):
    narrow("sales_rep", RoleScope.Sees.OWN)
    client.force_login(UserFactory(role="sales_rep"))
    assert client.get(f"/interactions/{logged.pk}/correct/").status_code == 404


def test_the_api_corrects_what_is_given_and_leaves_the_rest(api, marta, olive, logged):
    api.force_authenticate(marta.user)
    url = f"/api/v1/interactions/{logged.pk}/correct/"
    shown = api.post(url, {"contact": olive.pk, "note": "Wants the offer."}, format="json").json()
    assert (shown["contact"]["id"], shown["account"]["id"], shown["note"], shown["outcome"]) == (
        olive.pk, olive.account_id, "Wants the offer.", "reached",
    )  # fmt: skip


def test_the_api_says_no_in_its_own_words(api, logged):
    ask_as(api, "sales_rep")
    url = f"/api/v1/interactions/{logged.pk}/correct/"
    assert problem(api.post(url, {"note": "x"}, format="json"))[:2] == (409, "not_yours")
    ask_as(api, "account_manager")
    assert problem(api.post(url, {"nonsense": 1}, format="json"))[:2] == (400, "bad_values")
    assert problem(api.post(url, {"occurred_at": "2030-01-01T00:00:00Z"}, format="json"))[:2] == (422, "in_the_future")
