from datetime import timedelta

import pytest
from django.utils import timezone

from crm.core.actor import Source
from crm.dossiers.models import Dossier, Event
from crm.dossiers.timeline import Filters, page
from tests.factories import AT
from tests.factories.dossiers import DossierFactory, EventFactory
from tests.factories.users import UserFactory

pytestmark = pytest.mark.django_db

CALL = {
    "interaction": 7, "channel": "Phone", "icon": "phone", "verb": "call", "direction": "out", "seconds": 360,
    "outcome": "Reached", "purpose": "", "topic": "General", "is_touch": True, "is_bad": False,
}  # fmt: skip
NAMES = {"contact": "Beatriz Lima", "user": "João", "note": "She waits for the credit note."}


def entry_of(event):
    return page(event.touched.first().dossier_id, homes=None).entries[0]


def logged(facts=(), values=(), **more):
    return EventFactory(
        kind=Event.Kind.LOGGED, dossiers=[DossierFactory(title="Rio")], facts=CALL | dict(facts),
        values=NAMES | dict(values), **more,
    )  # fmt: skip


def changed(**changes):
    return EventFactory(kind=Event.Kind.CHANGED, dossiers=[DossierFactory()], facts={"changes": changes})


# --- The scan


def test_the_newest_comes_first_and_the_later_recorded_of_two_at_once():
    dossier = DossierFactory()
    first, second = EventFactory.create_batch(2, dossiers=[dossier])
    latest = EventFactory(dossiers=[dossier], happened_at=AT + timedelta(hours=1))
    assert [e.id for e in page(dossier.pk, homes=None).entries] == [latest.pk, second.pk, first.pk]


def test_pages_follow_each_other_without_loss_or_repeat():
    dossier = DossierFactory()
    moments = [AT + timedelta(seconds=n // 3, microseconds=n % 2) for n in range(11)]
    events = [EventFactory(dossiers=[dossier], happened_at=at) for at in moments]
    seen, cursor = [], ""
    while True:
        shown = page(dossier.pk, homes=None, cursor=cursor, size=3)
        seen += [e.id for e in shown.entries]
        cursor = shown.older
        if not cursor:
            break
    expected = sorted(events, key=lambda e: (e.happened_at, e.pk), reverse=True)
    assert seen == [e.pk for e in expected]


@pytest.mark.parametrize("cursor", ["x", "1", "1-", "9999999999999999-1", "-1-1-1", "'; --", "1-" + "9" * 18])
def test_a_place_that_was_made_up_never_breaks_the_page(cursor):
    dossier = DossierFactory()
    EventFactory(dossiers=[dossier])
    page(dossier.pk, homes=None, cursor=cursor)


@pytest.mark.parametrize("events", [1, 12])
def test_a_page_costs_one_query_however_long(django_assert_num_queries, events):
    dossier = DossierFactory()
    for _n in range(events):
        EventFactory(dossiers=[dossier, DossierFactory()], actor=UserFactory(), values={"note": "x"})
    with django_assert_num_queries(1):  # events with actor, names and the records they lie on
        assert len(page(dossier.pk, homes=None).entries) == events


def test_what_happened_in_homes_one_may_not_see_is_left_out():
    moved = DossierFactory(kind=Dossier.Kind.CONTACT)
    old, new = DossierFactory(), DossierFactory()
    EventFactory(dossiers=[moved], home=old)
    mine = EventFactory(dossiers=[moved], home=new)
    assert [e.id for e in page(moved.pk, homes=[new.pk]).entries] == [mine.pk]


def test_filters_narrow_by_kind_actor_and_topic():
    dossier, user = DossierFactory(), UserFactory()
    call = EventFactory(dossiers=[dossier], kind=Event.Kind.LOGGED, actor=user, facts={"topic_id": 3})
    EventFactory(dossiers=[dossier])
    for filters in (Filters(kinds=["logged"]), Filters(actor_id=user.pk), Filters(topic_id=3)):
        assert [e.id for e in page(dossier.pk, homes=None, filters=filters).entries] == [call.pk]


def test_several_records_make_one_timeline_with_each_event_once():
    project, contact = DossierFactory.create_batch(2)
    both = EventFactory(dossiers=[project, contact])
    one = EventFactory(dossiers=[contact])
    assert [e.id for e in page([project.pk, contact.pk], homes=None).entries] == [one.pk, both.pk]


@pytest.mark.postgres
def test_the_scan_follows_the_index_however_far_down_it_is(django_assert_num_queries):
    from django.db import connection  # noqa: PLC0415

    from crm.dossiers.models import EventDossier  # noqa: PLC0415

    dossier = DossierFactory()
    events = Event.objects.bulk_create(
        Event(kind="created", happened_at=AT + timedelta(seconds=n), recorded_at=AT, source="page") for n in range(3000)
    )
    EventDossier.objects.bulk_create(EventDossier(event=e, dossier=dossier, happened_at=e.happened_at) for e in events)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE dossiers_event, dossiers_eventdossier")
        with django_assert_num_queries(1) as queries:
            page(dossier.pk, homes=None, cursor=f"{int((AT + timedelta(seconds=900)).timestamp() * 1e6)}-999999999")
        cursor.execute("EXPLAIN " + queries.captured_queries[0]["sql"])
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "timeline_newest_first" in plan.split("SubPlan")[0]
    assert "Sort" not in plan.split("SubPlan")[0]  # what an entry lies on is looked up for each of a page's rows


# --- What entries say


def test_a_call_of_ours_names_both_and_says_how_long():
    entry = entry_of(logged())
    assert (entry.title, entry.tone, entry.icon) == ("João called Beatriz Lima", "out", "phone")
    assert entry.note == "She waits for the credit note."
    assert list(entry.meta) == ["Outbound, 6 min", "Reached"]


@pytest.mark.parametrize(
    ("facts", "title"),
    [
        ({"direction": "in"}, "Beatriz Lima called João"),
        ({"direction": "in", "verb": "write"}, "Beatriz Lima wrote to João"),
        ({"verb": "write"}, "João wrote to Beatriz Lima"),
        ({"verb": "meet"}, "João met Beatriz Lima"),
        ({"is_touch": False}, "João tried to reach Beatriz Lima"),
        ({"is_touch": False, "direction": "in"}, "Beatriz Lima tried to reach us"),
    ],
)
def test_a_touch_says_who_did_what(facts, title):
    assert entry_of(logged(facts)).title == title


def test_an_inbound_complaint_looks_bad_and_is_tagged():
    entry = entry_of(logged({"direction": "in", "purpose": "Complaint", "is_bad": True}))
    assert (entry.tone, entry.tag) == ("bad", "Complaint")


def test_a_promise_is_said_with_its_moment_in_the_readers_zone():
    event = logged({"promised": "2026-03-05T16:00:00+00:00"}, {"promised": "Call Beatriz Lima"})
    with timezone.override("Europe/Madrid"):
        assert list(entry_of(event).meta)[-1] == "Promised: Call Beatriz Lima, by 5 Mar 2026, 17:00"


def test_what_was_blanked_is_said_without_names():
    event = logged()
    event.personal.delete()
    entry = entry_of(event)
    assert (entry.title, entry.note) == ("we called Rio", "")


def test_a_call_logged_late_says_when_it_was_recorded():
    late = logged(recorded_at=AT + timedelta(days=2))
    assert entry_of(late).late == AT + timedelta(days=2)
    assert entry_of(logged(recorded_at=AT + timedelta(minutes=30))).late is None


def test_what_was_imported_is_never_late():
    assert entry_of(logged(recorded_at=AT + timedelta(days=900), source=Source.IMPORT)).late is None


def test_an_entry_of_another_record_says_via_which():
    project, account = DossierFactory(title="Cold store"), DossierFactory()
    EventFactory(dossiers=[project, account])
    assert page(account.pk, homes=None).entries[0].via == project
    assert page(project.pk, homes=None).entries[0].via is None


@pytest.mark.parametrize(
    ("facts", "values", "title"),
    [
        ({"was": 1}, {"poc": "Thorsten", "was": "Ann"}, "About delivery: Ann → Thorsten"),
        ({"was": None}, {"poc": "Thorsten", "was": ""}, "About delivery: Thorsten answers"),
        ({"was": None, "rank": 1}, {"poc": "Thorsten"}, "Backup about delivery: Thorsten"),
        ({"was": 1, "rank": 1}, {"poc": "Thorsten", "was": "Ann"}, "Backup about delivery: Ann → Thorsten"),
    ],
)
def test_a_change_of_who_answers_says_old_and_new(facts, values, title):
    facts = {"topic": "Delivery", "rank": 0, "reason": "Moves to Berlin.", "from": AT.isoformat()} | facts
    event = EventFactory(kind=Event.Kind.ASSIGNED, dossiers=[DossierFactory()], facts=facts, values=values)
    entry = entry_of(event)
    assert (entry.title, entry.note, entry.tone, list(entry.meta)) == (title, "Moves to Berlin.", "dot", [])


def test_a_planned_change_says_from_when():
    facts = {"topic": "Delivery", "rank": 0, "was": None, "from": (AT + timedelta(days=1)).isoformat()}
    event = EventFactory(kind=Event.Kind.ASSIGNED, dossiers=[DossierFactory()], facts=facts, values={"poc": "Ann"})
    assert list(entry_of(event).meta) == ["from 5 Mar 2026, 12:00"]


def test_changes_say_old_and_new_in_the_readers_words():
    assert entry_of(changed(name=["Rio", "Rio Ltd"])).title == "Name: Rio → Rio Ltd"
    assert entry_of(changed(kind=["prospect", "customer"])).title == "Kind: prospect → customer"
    assert entry_of(changed(country=["", "PT"])).title == "Country: Portugal"
    assert entry_of(changed(renewal_on=["2026-01-02", ""])).title == "Renewal: 2 Jan 2026 → –"
    assert entry_of(changed(tier=["A", "B"], parent=["", "Group"])).title == "Tier: A → B · Belongs to: Group"


def test_a_change_of_an_unknown_field_is_still_said():
    assert entry_of(changed(mood=["good", "bad"])).title == "Mood: good → bad"


def test_personal_values_of_a_change_are_said_until_they_are_blanked():
    values = {"changes": {"emails": ["", "a@rio.example"]}}
    event = EventFactory(
        kind=Event.Kind.CHANGED, dossiers=[DossierFactory()], facts={"changes": {"emails": ["", ""]}}, values=values
    )
    assert entry_of(event).title == "E-mails: a@rio.example"
    event.personal.delete()
    assert entry_of(event).title == "E-mails: –"


def test_opening_names_who_did_it():
    event = EventFactory(dossiers=[DossierFactory(title="Rio")], actor=UserFactory(name="Ada"))
    assert entry_of(event).title == "Ada opened Rio"
    imported = EventFactory(dossiers=[DossierFactory(title="Rio")], source=Source.IMPORT)
    assert entry_of(imported).title == "Rio was imported"


def owed(kind, actor=None, **facts):
    values = {"title": "Call Beatriz", "poc": facts.pop("poc", ""), "reason": facts.pop("reason", "")}
    facts = {"commitment": 1, "due_at": "2026-03-05T09:00:00+00:00"} | facts
    return EventFactory(kind=kind, dossiers=[DossierFactory()], actor=actor, facts=facts, values=values)


def test_keeping_in_touch_is_promised_to_nobody():
    facts = {"kind": "touch", "due_at": "2026-03-05T09:00:00+00:00"}
    event = EventFactory(kind="owed", dossiers=[DossierFactory()], facts=facts, values={"title": "Keep in touch"})
    assert entry_of(event).title == "To be in touch again by 5 Mar 2026, 09:00"


@pytest.mark.parametrize(
    ("kind", "facts", "title"),
    [
        ("owed", {}, "Promised by 5 Mar 2026, 09:00: Call Beatriz"),
        ("acknowledged", {}, "Ada has taken it on: Call Beatriz"),
        ("snoozed", {"until": "2026-03-06T09:00:00+00:00"}, "Ada put it off until 6 Mar 2026, 09:00: Call Beatriz"),
        ("redue", {}, "Due 5 Mar 2026, 09:00 now: Call Beatriz"),
        ("reassigned", {"poc": "Bo"}, "Given to Bo: Call Beatriz"),
        ("reassigned", {}, "Given to whoever answers: Call Beatriz"),
        ("waiting", {}, "Ada waits for the customer: Call Beatriz"),
        ("resumed", {"due_at": "2026-03-06T09:00:00+00:00"}, "No longer waiting, due 6 Mar 2026, 09:00: Call Beatriz"),
        ("kept", {}, "Ada has done it: Call Beatriz"),
        (
            "kept",
            {"again": "2026-03-06T09:00:00+00:00"},
            "Ada has done it, again due 6 Mar 2026, 09:00: Call Beatriz",
        ),
        ("reopened", {}, "Owed again: Call Beatriz"),
        ("cancelled", {"reason": "Moved"}, "Ada cancelled it: Call Beatriz"),
        ("escalated", {"poc": "Giulia"}, "Escalated to Giulia: Call Beatriz"),
        ("escalated", {}, "Escalated: Call Beatriz"),
    ],
)
def test_what_became_of_a_promise_is_one_sentence(kind, facts, title):
    entry = entry_of(owed(kind, actor=UserFactory(name="Ada"), **facts))
    assert entry.title == title
    assert entry.note == facts.get("reason", "")
    assert entry.tone == ("bad" if kind == "escalated" else "dot")


def test_what_was_taken_back_is_said():
    event = logged(actor=UserFactory(name="Ada"))
    Event.objects.filter(pk=event.pk).update(kind=Event.Kind.WITHDRAWN)
    assert entry_of(event).title == "Ada took back what was logged with Beatriz Lima"


def test_a_stakeholder_is_named():
    facts, values = {"changes": {"stakeholder": ["", "Billing"]}}, {"contact": "Rui"}
    event = EventFactory(kind=Event.Kind.CHANGED, dossiers=[DossierFactory()], facts=facts, values=values)
    assert entry_of(event).title == "Stakeholder: Rui (Billing)"


@pytest.mark.parametrize("kind", Event.Kind.values)
def test_every_kind_of_event_can_be_told_without_a_single_fact(kind):
    assert entry_of(EventFactory(kind=kind, dossiers=[DossierFactory()])).title
