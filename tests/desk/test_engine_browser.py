"""The page on reminders and mails in a real browser, on a bad day: it can be read and acted on, on a phone too."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from crm.commitments.models import Commitment, Finding
from crm.outbox import turns
from crm.outbox.models import Heartbeat, Message
from crm.users.models import User
from tests.browser import picture, sign_in, violations
from tests.factories import AT
from tests.factories.commitments import CommitmentFactory, NotificationFactory
from tests.factories.outbox import DeliveryAttemptFactory, MessageFactory
from tests.factories.poc import PersonFactory
from tests.factories.users import UserFactory

pytestmark = pytest.mark.browser

HOUR = timedelta(hours=1)
TITLE = "Call Ms Lima about invoice 2026-1187, which has gone to dunning meanwhile although it was paid"


@pytest.fixture
def admin(database, clock) -> User:
    """An administrator, while every part was heard just now."""
    clock.freeze(AT)
    for component in ("planner", "sender", "auditor", "guard"):
        turns.beat(component)
    return UserFactory(name="Teresa Alvim", administrator=True)


@pytest.fixture
def bad_day(admin) -> Commitment:
    """The mail server stopped, mails failed, the auditor found something, and this was set aside."""
    Heartbeat.objects.filter(component="sender").update(paused_until=AT + timedelta(seconds=30))
    for n in range(3):
        message = MessageFactory(
            kind="notice", state=Message.State.DEAD, reason="refused", ended_at=AT - HOUR,
            reply="550 5.1.1 <a.very.long.address.that.nobody.reads@subdomain.firm.example>: user unknown in table",
            recipient=PersonFactory(name=f"Annemarie Schwarzenberg-Hohenlohe {n}"),
        )  # fmt: skip
        DeliveryAttemptFactory(message=message, outcome="refused", ended_at=AT - HOUR)
        NotificationFactory(message=message, dossier=CommitmentFactory().dossier, commitment=None, generation=None)
    MessageFactory(available_at=AT - HOUR)
    owed = CommitmentFactory(title=TITLE, quarantined_at=AT, plan_errors=5, next_action_at=AT + HOUR)
    for code, subject in (("far_look", f"c:{owed.pk}"), ("twice", "m:1"), ("mail_server", "h:sender")):
        Finding.objects.create(code=code, subject=subject, found_at=AT, seen_at=AT, detail="x" * 200)
    Finding.objects.create(
        code="late_look", subject="c:1", found_at=AT - HOUR, seen_at=AT, ended_at=AT, repaired_at=AT
    )  # fmt: skip
    return owed


def looks_right(page: Page, name: str) -> None:
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    picture(page, f"engine-{name}-{(page.viewport_size or {})['width']}")


def forget_axe(problems: list[str]) -> None:
    """Leave out what the policy refused to axe itself, which tries a style of its own."""
    problems[:] = [said for said in problems if "Applying inline style" not in said]


def test_on_a_good_day_it_reads_well(page: Page, phone: Page, admin, problems):
    for one in (page, phone):
        sign_in(one, admin)
        one.goto("/engine/?paused=1")
        expect(one.get_by_text("All is well")).to_be_visible()
        looks_right(one, "well")
    forget_axe(problems)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_bad_day_it_reads_well_too(page: Page, phone: Page, admin, bad_day, problems, scheme):
    for one in (page, phone) if scheme == "light" else (phone,):
        sign_in(one, admin)
        one.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        one.goto("/engine/?paused=1")
        expect(one.get_by_text("cannot be reached", exact=True)).to_be_visible()
        one.get_by_text("What is over").click()
        looks_right(one, f"bad-{scheme}")
    forget_axe(problems)


def test_what_failed_is_taken_up_again_with_the_thumb(phone: Page, admin, bad_day, problems):
    sign_in(phone, admin)
    phone.goto("/engine/?paused=1")
    for button in phone.locator("main form button").all():
        assert (button.bounding_box() or {})["height"] >= 44
    phone.get_by_role("button", name=re.compile("Try again.*invoice 2026-1187")).click()
    expect(phone.get_by_text("Its reminders are worked out again, within seconds.")).to_be_visible()
    expect(phone.get_by_role("button", name="Try again")).to_have_count(0)
    phone.get_by_role("button", name="Seen").click()
    expect(phone.get_by_role("button", name="Seen")).to_have_count(0)
    bad_day.refresh_from_db()
    assert (bad_day.quarantined_at, bad_day.plan_errors) == (None, 0)
    phone.get_by_role("button", name="Send again").first.click()
    expect(phone.locator("#messages")).not_to_be_empty()
