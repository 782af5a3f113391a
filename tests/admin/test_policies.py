"""Policies in the administration: their list, their order, a new version with its preview, a dry run."""

from datetime import UTC, datetime

import pytest
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime

from crm.commitments.models import Commitment, Kind, Notification, Policy, PolicyVersion
from crm.commitments.policy import writing_policies
from crm.dossiers.models import Event
from crm.poc.models import WorkingCalendar
from tests.factories import AT
from tests.factories.commitments import CommitmentFactory, shipped
from tests.factories.dossiers import tier, topic
from tests.factories.poc import CalendarFactory, MembershipFactory, PersonFactory, front_desk
from tests.factories.users import actor

pytestmark = pytest.mark.django_db

KIND = Kind.FIRST_ANSWER


def url(page, *args):
    return reverse(f"admin:commitments_policy_{page}", args=args)


def text_of(response):
    return response.content.decode()


def rest():
    return shipped(KIND).policy


def add(name="Urgent", **match):
    return writing_policies.add_policy(kind=KIND, name=name, **(match or {"priority": "urgent"}), by=actor(), at=AT)


STEP = {
    "amount": "0", "unit": "working_hours", "when": "before", "slot": "poc", "by_email": "on", "repeat_amount": "0",
    "repeat_unit": "working_hours", "max_repeats": "0",
}  # fmt: skip


def version(*steps, **values):
    """What the form of a new version sends: its terms, and each step's fields where they are not the usual."""
    sent = {
        "target_amount": "4", "target_unit": "working_hours", "calendar": "", "ack_amount": "1",
        "ack_unit": "working_days", "wait_amount": "5", "wait_unit": "working_days",
        "steps-TOTAL_FORMS": len(steps), "steps-INITIAL_FORMS": 0,
    } | values  # fmt: skip
    for n, step in enumerate(steps):
        sent |= {f"steps-{n}-{name}": value for name, value in (STEP | step).items() if value != ""}
    return sent


LATER = {"amount": "4", "when": "step", "slot": "lead"}


# --- What they match, and their order


def test_the_list_says_what_each_is_for_and_when_it_is_due(as_administrator):
    add("Urgent bills", priority="urgent", topic=topic("billing"))
    shown = text_of(as_administrator.get(url("changelist"), {"kind": KIND}))
    assert "priority: urgent, about: Billing" in shown
    assert "8 working hours after it is promised" in shown
    assert shown.index("Urgent bills") < shown.index(">First answer<")


def test_the_list_writes_moments_as_the_pages_do(as_administrator):
    writing_policies.retire_policy(policy=add(), by=actor(), at=AT)
    shown = text_of(as_administrator.get(url("changelist"), {"state": "retired"}))
    assert date_format(localtime(AT), "j M Y, H:i") in shown


def test_one_is_added_with_what_it_matches(as_administrator):
    sent = {"kind": KIND, "name": "Best", "tier": tier("a").pk}
    assert as_administrator.post(url("add"), sent).status_code == 302
    policy = Policy.objects.get(name="Best")
    assert (policy.tier, policy.versions.count()) == (tier("a"), 1)
    again = as_administrator.post(url("add"), sent | {"name": "Best again"})
    assert "“Best”" in again.context["adminform"].form.errors["priority"][0]
    empty = as_administrator.post(url("add"), {"kind": KIND, "name": "Any"})
    assert "at least one" in empty.context["adminform"].form.errors["priority"][0]


def test_it_is_renamed_and_matches_something_else_but_the_one_for_the_rest_only_gets_a_name(as_administrator):
    policy = add()
    as_administrator.post(url("change", policy.pk), {"name": "Bills", "topic": topic("billing").pk})
    policy.refresh_from_db()
    assert (policy.name, policy.priority, policy.topic) == ("Bills", "", topic("billing"))
    assert "Priority: urgent → –" in text_of(as_administrator.get(url("history", policy.pk)))
    as_administrator.post(url("change", rest().pk), {"name": "Any answer", "priority": "urgent"})
    assert (rest().name, rest().priority) == ("Any answer", "")


def test_they_move_by_a_button_on_the_page_and_by_an_act_of_the_list(as_administrator):
    urgent, best = add("Urgent"), add("Best", tier=tier("a"))
    page = url("move", best.pk)
    assert as_administrator.get(page).status_code == 405
    assert as_administrator.post(page, {"way": "up"}).url == url("change", best.pk)
    assert [p.name for p in Policy.objects.filter(kind=KIND).order_by("position")] == ["Best", "Urgent", "First answer"]
    as_administrator.post(url("changelist"), {"action": "ask_earlier", "_selected_action": [urgent.pk]})
    assert [p.name for p in Policy.objects.filter(kind=KIND).order_by("position")] == ["Urgent", "Best", "First answer"]
    refused = as_administrator.post(
        url("changelist"), {"action": "ask_later", "_selected_action": [rest().pk]}, follow=True
    )
    assert "matches anything, and stays in use" in text_of(refused)


def test_one_is_retired_after_a_question_and_the_one_for_the_rest_never(as_administrator):
    policy = add()
    page = url("retire", policy.pk)
    assert as_administrator.post(page, {"sure": ""}).status_code == 422
    assert as_administrator.post(page, {"sure": "on"}).status_code == 302
    policy.refresh_from_db()
    assert policy.retired_at == AT
    assert as_administrator.get(url("retire", rest().pk)).status_code == 404
    assert "Urgent" not in text_of(as_administrator.get(url("changelist")))
    assert "Urgent" in text_of(as_administrator.get(url("changelist"), {"state": "retired"}))
    shown = as_administrator.get(url("change", policy.pk))
    assert shown.status_code == 200 and "New version" not in text_of(shown)


# --- Versions


def test_a_new_version_is_written_and_listed_with_who_when_and_what_changed(as_administrator):
    sent = version({}, LATER) | {"save": "1", "is_for_open": "on"}
    response = as_administrator.post(url("version", rest().pk), sent)
    assert response.url == url("change", rest().pk)
    new = shipped(KIND)
    assert (new.number, new.target_amount, new.is_for_open) == (2, 4, True)
    assert [(s.kind, s.amount, s.anchor, s.slot) for s in new.steps.order_by("ordinal")] == [
        ("reminder", 0, "due", "poc"),
        ("escalation", 4, "hand_off", "lead"),
    ]
    shown = text_of(as_administrator.get(url("change", rest().pk)))
    for said in ("Ada", "8 working hours after it is promised → 4 working hours after", "also for what was owed"):
        assert said in shown
    assert "Version: 1 → 2" in text_of(as_administrator.get(url("history", rest().pk)))


def test_rows_are_added_taken_out_and_put_in_another_order(as_administrator):
    first = as_administrator.get(url("version", rest().pk)).context["written"]
    assert len(first.steps.forms) == 4 + 2  # what is in force, and two empty rows
    more = as_administrator.post(url("version", rest().pk), version({}, LATER) | {"more": "1"})
    assert more.status_code == 200 and len(more.context["written"].steps.forms) == 3
    sent = version(
        LATER | {"ORDER": "2"}, {"ORDER": "1"}, {"amount": "7", "DELETE": "on", "ORDER": "3"}, {"amount": ""}
    )
    as_administrator.post(url("version", rest().pk), sent | {"save": "1"})
    assert list(shipped(KIND).steps.order_by("ordinal").values_list("amount", "slot")) == [(0, "poc"), (4, "lead")]


def test_a_preview_shows_ten_deadlines_and_writes_nothing(as_administrator):
    response = as_administrator.post(url("version", rest().pk), version({}, LATER) | {"preview": "1"})
    assert len(response.context["samples"]) == 10
    shown = text_of(response)
    assert "4 working hours from" in shown and "the lead" in shown
    assert shipped(KIND).number == 1
    assert not Event.objects.exists()
    assert len(as_administrator.get(url("change", rest().pk)).context["samples"]) == 10


@pytest.mark.parametrize("button", ["preview", "try", "save"])
def test_a_step_that_cannot_be_is_marked_beside_its_field_whatever_was_asked(as_administrator, button):
    gone = PersonFactory(deactivated_at=AT)
    sent = version({}, {"amount": "1", "when": "after", "slot": "named", "poc": gone.pk}) | {button: "1"}
    response = as_administrator.post(url("version", rest().pk), sent)
    assert response.status_code == 422
    forms = response.context["written"].steps.forms
    assert forms[1].errors["poc"] == ["They no longer answer. Choose somebody else."]
    assert response.context["written"].terms_form.non_field_errors()[0].startswith("Step 2: They no longer answer")
    assert shipped(KIND).number == 1


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        (version({}, target_amount=""), "target_amount"),
        (version({}, target_amount="0"), "target_amount"),
        (version({}, ack_amount="999"), "ack_amount"),
        (version({}, calendar="never"), "calendar"),
        (version(), "__all__"),
        (version({"amount": "1"}), "__all__"),  # nobody when it falls due
    ],
)
def test_terms_that_cannot_be_are_marked_beside_their_field(as_administrator, sent, field):
    if sent["calendar"]:
        sent = sent | {"calendar": CalendarFactory().pk}
    response = as_administrator.post(url("version", rest().pk), sent | {"save": "1"})
    assert response.status_code == 422
    assert field in response.context["written"].terms_form.errors
    assert PolicyVersion.objects.filter(policy=rest()).count() == 1


@pytest.mark.parametrize(
    "junk",
    [{"steps-TOTAL_FORMS": "x"}, {"steps-TOTAL_FORMS": "99999"}, {"steps-0-amount": "1" * 30}, {"steps-0-when": "?"}],
)
@pytest.mark.parametrize("button", ["more", "save"])
def test_what_no_browser_sends_is_survived(as_administrator, junk, button):
    response = as_administrator.post(url("version", rest().pk), version({}) | junk | {button: "1"})
    assert response.status_code in (200, 422)
    assert shipped(KIND).number == 1


def test_the_next_deadlines_are_shown_by_the_hours_of_whoever_one_chooses(as_administrator):
    tokyo = CalendarFactory(name="Tokyo", zone="Asia/Tokyo", nine_to_six=True)
    mei = PersonFactory(name="Mei", calendar=tokyo)
    page = url("change", rest().pk)
    house = WorkingCalendar.objects.get(is_default=True)
    assert as_administrator.get(page).context["hours"].id == house.pk
    shown = text_of(as_administrator.get(page, {"whose": mei.pk}))
    assert "As if Mei answered, by the hours of “Tokyo” (Tokyo)." in shown
    for nonsense in ("x", "-1", "9" * 40, PersonFactory(deactivated_at=AT).pk):
        assert as_administrator.get(page, {"whose": nonsense}).context["answers"] is None
    response = as_administrator.post(url("version", rest().pk), version({}, whose=mei.pk) | {"preview": "1"})
    assert response.context["hours"].name == "Tokyo"
    sent = version({}, whose=mei.pk, calendar=CalendarFactory(name="Lisbon", nine_to_six=True).pk) | {"preview": "1"}
    response = as_administrator.post(url("version", rest().pk), sent)
    assert (response.context["hours"].name, response.context["answers"]) == ("Lisbon", None)


NONSENSE = [
    {"target_amount": "0"}, {"target_amount": "-3"}, {"target_amount": "1e400"}, {"target_unit": "fortnights"},
    {"calendar": "9" * 40}, {"calendar": "x"}, {"ack_amount": ""}, {"wait_amount": "9" * 400}, {"wait_unit": ""},
    {"steps-TOTAL_FORMS": "9" * 40}, {"steps-TOTAL_FORMS": ""}, {"steps-TOTAL_FORMS": "0"},
]  # fmt: skip
NONSENSE_STEPS = [
    {"amount": "9" * 40}, {"amount": "-1"}, {"amount": "½"}, {"unit": "\x00"}, {"when": "never"}, {"slot": "everybody"},
    {"slot": "named"}, {"poc": "9" * 40}, {"poc": "-1"}, {"slot": "named", "poc": "x"}, {"repeat_amount": "1"},
    {"max_repeats": "3"}, {"repeat_amount": "1", "max_repeats": "9" * 40}, {"repeat_amount": "-1", "max_repeats": "1"},
    {"repeat_amount": "9999", "max_repeats": "2"}, {"by_email": ""}, {"when": "step"}, {"ORDER": "x"},
    {"repeat_amount": "1", "max_repeats": "1", "repeat_unit": "moons"},
]  # fmt: skip


@pytest.mark.parametrize("button", ["preview", "try", "save"])
def test_whatever_makes_no_sense_is_refused_with_its_reason_beside_it(as_administrator, button):
    for sent in [version({}, **odd) for odd in NONSENSE] + [version(odd) for odd in NONSENSE_STEPS]:
        response = as_administrator.post(url("version", rest().pk), sent | {button: "1"})
        assert response.status_code == 422, sent  # neither saved nor a failure of ours
        written = response.context["written"]
        assert written.terms_form.errors or written.steps.total_error_count(), sent
    assert shipped(KIND).number == 1


# --- A dry run


def test_a_dry_run_shows_the_last_month_in_numbers_and_rows_and_changes_nothing(as_administrator):
    MembershipFactory(team=front_desk())
    owed = CommitmentFactory(title="Call Ms Lima", opened_at=datetime(2026, 2, 20, 9, tzinfo=UTC), due_at=AT)
    policy = shipped(Kind.FOLLOW_UP).policy
    rows = [Commitment.objects.count(), Notification.objects.count(), Event.objects.count()]
    response = as_administrator.get(url("try", policy.pk))
    assert [row.commitment for row in response.context["ran"].rows] == [owed]
    assert "Call Ms Lima" in text_of(response) and "Would have been told" in text_of(response)
    draft = version({}, {"amount": "1", "unit": "hours", "when": "after", "slot": "house"}, target_amount="")
    tried = as_administrator.post(url("version", policy.pk), draft | {"try": "1"})
    assert tried.context["ran"].n_would == 1
    assert rows == [Commitment.objects.count(), Notification.objects.count(), Event.objects.count()]


def test_only_administrators_see_and_write_policies(as_manager):
    for page in ("change", "version", "try", "retire"):
        assert as_manager.get(url(page, rest().pk)).status_code in (403, 404)
    assert as_manager.post(url("move", rest().pk), {"way": "up"}).status_code in (403, 302)
    assert as_manager.get(url("changelist")).status_code == 403


@pytest.mark.parametrize("many", [1, 12])
def test_a_policys_page_costs_the_same_however_many_versions(as_administrator, django_assert_max_num_queries, many):
    policy = rest()
    for n in range(many):
        PolicyVersion.objects.create(policy=policy, number=n + 2, target_amount=n + 1, target_unit="working_hours")
    as_administrator.get(url("change", policy.pk))
    with django_assert_max_num_queries(16):
        as_administrator.get(url("change", policy.pk))


def test_a_version_written_beside_another_does_not_silently_undo_it(as_administrator):
    policy = rest()
    page = url("version", policy.pk)
    assert 'name="began_with" value="1"' in text_of(as_administrator.get(page))
    one, other = (version(STEP, target_amount=n, began_with="1") | {"save": "1"} for n in ("9", "5"))
    assert as_administrator.post(page, one).status_code == 302
    refused = as_administrator.post(page, other)
    assert refused.status_code == 422 and "Version 2 was written meanwhile" in text_of(refused)
    assert as_administrator.post(page, one).status_code == 302  # twice the same: once
    assert list(policy.versions.order_by("number").values_list("target_amount", flat=True)) == [8, 9]
    assert as_administrator.post(page, other | {"began_with": "2"}).status_code == 302
    assert as_administrator.post(page, other | {"began_with": "2" * 30}).status_code in (302, 422)


@pytest.mark.parametrize("last", [{"amount": ""}, {"amount": "", "slot": "", "poc": "x"}])
def test_a_step_that_was_there_is_gone_when_its_amount_is(as_administrator, last):
    sent = version(STEP, LATER, LATER | last) | {"steps-INITIAL_FORMS": 3}
    shown = as_administrator.post(url("version", rest().pk), sent)
    assert shown.status_code == 200 and len(shown.context["samples"][0][1]) == 2
    as_administrator.post(url("version", rest().pk), sent | {"save": "1"})
    assert shipped(KIND).steps.count() == 2


def test_what_is_wrong_in_a_step_that_is_taken_out_does_not_matter(as_administrator):
    sent = version(STEP, LATER, {"amount": "abc"}) | {"steps-INITIAL_FORMS": 3, "steps-2-DELETE": "on"}
    shown = as_administrator.post(url("version", rest().pk), sent)
    assert (shown.status_code, shown.context["is_wrong"]) == (200, False) and shown.context["samples"]
