"""Logging in a real browser: counted in keystrokes and taps, offline, twice, and without script."""

import re
import time

import pytest
from playwright.sync_api import Page, expect

from contacts.models import Contact
from crm.commitments.models import Commitment, Kind
from interactions.models import Interaction
from tests.browser import picture, sign_in, violations
from tests.factories import AT
from tests.factories.commitments import CommitmentFactory
from tests.factories.contacts import ContactFactory
from tests.factories.interactions import FollowUpFactory, InteractionFactory
from tests.factories.poc import AssignmentFactory, PersonFactory
from tests.factories.users import UserFactory

pytestmark = pytest.mark.browser


@pytest.fixture
def marta(database, clock):
    clock.freeze(AT)
    return PersonFactory(name="Marta Ruiz", user=UserFactory(name="Marta Ruiz", role="sales_rep"))


@pytest.fixture
def lima(marta):
    """A contact with what was promised to her today."""
    contact = ContactFactory(name="Beatriz Lima", at_account=True, phones=["+351 21 777 1410"])
    AssignmentFactory(dossier=contact.account.dossier, poc=PersonFactory(name="Ann Keller"))
    owed = {"dossier": contact.dossier, "title": "Call Ms Lima", "due_at": AT.replace(hour=16)}
    FollowUpFactory(contact=contact, **{f"commitment__{name}": value for name, value in owed.items()})
    return contact


@pytest.fixture
def desk(page: Page, marta) -> Page:
    sign_in(page, marta.user)
    return page


@pytest.fixture
def thumb(phone: Page, marta) -> Page:
    sign_in(phone, marta.user)
    return phone


def press(page: Page, *keys: str) -> int:
    """Press keys as fast as they can be pressed, waiting for nothing; return how many they were."""
    for key in keys:
        page.keyboard.press(key)
    return len(keys)


def settled(page: Page) -> None:
    """Wait until the form has put the cursor where the next key is meant for: from then on it stays."""
    expect(page.locator("#qlog :focus")).to_have_count(1)


def tap(page: Page, *names: str) -> int:
    """Tap controls by what they say; return how many taps that was."""
    for name in names:
        controls = [page.get_by_role(role, name=name, exact=True) for role in ("radio", "button", "link")]
        controls[0].or_(controls[1]).or_(controls[2]).first.tap()
    return len(names)


def saved(page: Page) -> Interaction:
    expect(page.locator("#log-panel")).to_have_count(0)
    expect(page.locator("#messages")).to_contain_text("Saved.")
    return Interaction.objects.for_list().latest("pk")


def test_four_keys_and_the_note_from_an_open_record(desk, lima):
    desk.goto(f"/contacts/{lima.pk}/")
    pressed = press(desk, "c", "1", "2")
    expect(desk.locator("#note")).to_be_focused()
    desk.keyboard.type("She agrees. 100 %, c u on 4 May.")
    pressed += press(desk, "Control+Enter")
    logged = saved(desk)
    assert pressed == 4
    assert (logged.contact, logged.outcome.code, logged.direction) == (lima, "reached", "out")
    assert logged.note == "She agrees. 100 %, c u on 4 May."
    assert logged.seconds is not None
    assert Commitment.objects.open().get().due_at.isoformat() == "2026-03-09T09:00:00+00:00"
    expect(desk).to_have_url(re.compile(rf"/contacts/{lima.pk}/$"))
    expect(desk.locator("#messages")).to_contain_text("Ann Keller is told.")


def test_eight_keys_from_anywhere(desk, lima):
    desk.goto("/")
    assert press(desk, "c", "l", "i", "m", "Enter", "1", "0", "Control+Enter") == 8
    assert saved(desk).contact == lima


def test_who_is_found_by_digits_and_chosen_with_the_arrows(desk, lima):
    ContactFactory(name="Another Lima", phones=["+351 21 777 9999"])
    desk.goto("/")
    press(desk, "c", "7", "7", "7")
    expect(desk.locator("#found [data-match]")).to_have_count(2)
    press(desk, "ArrowDown", "ArrowDown", "Enter", "2", "0", "Control+Enter")
    assert saved(desk).contact == lima


def test_an_inbound_call_asks_for_the_reason_first(desk, lima):
    desk.goto(f"/contacts/{lima.pk}/")
    press(desk, "i", "3", "4", "0", "Control+Enter")
    logged = saved(desk)
    assert (logged.direction, logged.purpose.code, logged.outcome.code) == ("in", "complaint", "call_back")


def test_inbound_from_anywhere_too(desk, lima):
    desk.goto("/who/")
    desk.locator("h1").click()
    press(desk, "i", "l", "i", "m", "Enter", "1", "1", "0", "Control+Enter")
    assert saved(desk).purpose.code == "inquiry"


def test_reaching_them_settles_what_was_promised_and_no_answer_tries_again(desk, lima):
    desk.goto(f"/contacts/{lima.pk}/")
    press(desk, "c", "2")
    expect(desk.locator(".settles")).to_contain_text("Tried again the next working day")
    expect(desk.locator(".settles")).to_contain_text("attempt 2")
    press(desk, "0", "Control+Enter")
    saved(desk)
    assert Commitment.objects.get().follow_up.attempt == 2
    press(desk, "c", "3")
    expect(desk.locator("input[name=settles]")).not_to_be_checked()
    desk.locator("label", has_text="Reached").click()
    expect(desk.locator("input[name=settles]")).to_be_checked()
    expect(desk.locator(".settles")).to_contain_text("Settles:")
    press(desk, "Control+Enter")
    saved(desk)
    assert Commitment.objects.get().state == "kept"


def test_the_moment_in_plain_words_is_read_back_while_one_types(desk, lima):
    desk.goto(f"/contacts/{lima.pk}/")
    press(desk, "c", "1", "t")
    expect(desk.locator("#id_due")).to_be_focused()
    desk.keyboard.type("fri 14:00")
    expect(desk.locator("#due-line")).to_contain_text("Fri 6 Mar, 14:00")
    press(desk, "Control+Enter")
    saved(desk)
    assert Commitment.objects.open().latest("pk").due_at.isoformat() == "2026-03-06T14:00:00+00:00"


def test_after_an_error_nothing_typed_is_lost_and_the_cursor_is_where_it_is_wrong(desk, lima, problems):
    desk.goto(f"/contacts/{lima.pk}/")
    press(desk, "c", "1", "t")
    desk.keyboard.type("some day")
    expect(desk.locator("#id_due")).to_have_value("some day")  # the cursor is there, and moves no more by itself
    desk.locator("#note").fill("She agrees.")
    press(desk, "Control+Enter")
    expect(desk.locator("#id_due_error")).to_contain_text("does not say when")
    expect(desk.locator("#id_due")).to_be_focused()
    expect(desk.locator("#note")).to_have_value("She agrees.")
    desk.locator("#id_due").fill("tomorrow 9")
    press(desk, "Control+Enter")
    saved(desk)
    problems[:] = [said for said in problems if "422" not in said]


def test_another_channel_brings_its_outcomes_and_keeps_the_note(desk, lima):
    desk.goto(f"/contacts/{lima.pk}/")
    press(desk, "c")
    settled(desk)
    desk.locator("#note").fill("We met at the fair.")
    desk.locator("#log-panel summary").click()
    desk.locator("label", has_text="In person").click()
    desk.locator("label", has_text=re.compile("Met$")).click()
    expect(desk.locator("#note")).to_have_value("We met at the fair.")
    press(desk, "Control+Enter")
    assert saved(desk).channel.code == "in_person"


def test_nobody_found_becomes_a_contact_in_the_same_form(desk, marta):
    desk.goto("/")
    press(desk, "c", *"600111222", "Enter")
    expect(desk.locator("[name=new_reach]")).to_have_value("600111222")
    settled(desk)
    desk.locator("[name=new_name]").fill("Lucía Fernández")
    desk.locator("[name=new_firm]").fill("Mercado Sur")
    desk.locator("label", has_text="Reached").click()
    press(desk, "Control+Enter")
    assert saved(desk).contact == Contact.objects.get(account__dossier__title="Mercado Sur")


def test_a_new_caller_who_is_known_is_chosen_with_a_thumb_and_nothing_typed_is_lost(thumb, lima, problems):
    thumb.goto("/log/?caller=B.%20Lima")
    thumb.locator("[name=new_reach]").fill("00351 217771410")
    thumb.locator("#note").fill("Wants a quote.")
    tap(thumb, "Reached", "Save")
    expect(thumb.locator(".twins")).to_contain_text("Ann Keller answers")
    expect(thumb.get_by_role("radio", name=re.compile("Beatriz Lima"))).to_be_focused()
    assert violations(thumb) == []
    thumb.get_by_role("radio", name=re.compile("Beatriz Lima")).tap()
    expect(thumb.locator("#qlog .who")).to_contain_text("Beatriz Lima")
    expect(thumb.locator("#note")).to_have_value("Wants a quote.")
    tap(thumb, "Save")
    expect(thumb.locator("#messages")).to_contain_text("Saved.")
    assert (Interaction.objects.get().contact, Contact.objects.count()) == (lima, 1)
    problems[:] = [said for said in problems if "Applying inline style" not in said and "422" not in said]


def test_escape_closes_and_what_was_typed_is_there_when_it_opens_again(desk, lima):
    desk.goto(f"/contacts/{lima.pk}/")
    press(desk, "c", "1", "0")
    desk.keyboard.type("Half a sentence")
    desk.wait_for_timeout(1500)  # drafts are kept each second
    press(desk, "Escape")
    expect(desk.locator("#log-panel")).to_have_count(0)
    press(desk, "c")
    expect(desk.locator("#note")).to_have_value("Half a sentence")
    press(desk, "Control+Enter")
    saved(desk)
    press(desk, "c")
    expect(desk.locator("#note")).to_have_value("")


def test_undo_is_one_click_after_saving(desk, lima):
    desk.goto(f"/contacts/{lima.pk}/")
    press(desk, "c", "1", "0", "Control+Enter")
    saved(desk)
    desk.get_by_role("button", name="Undo").click()
    expect(desk.locator("#messages")).to_contain_text("Undone.")
    assert not Interaction.objects.current().exists()
    assert Commitment.objects.get().state == "open"


def test_a_number_that_was_dialled_starts_the_clock(desk, lima):
    desk.goto(f"/contacts/{lima.pk}/")
    desk.evaluate("Liaison.store.set('dialled', { at: Date.now() - 125000 })")
    press(desk, "c", "1", "0", "Control+Enter")
    assert 120 <= saved(desk).seconds <= 180


def test_five_taps_with_the_thumb_from_anywhere(thumb, lima):
    thumb.goto("/")
    taps = tap(thumb, "Log")
    thumb.locator("#who").press_sequentially("lima")
    taps += tap(thumb, "Beatriz Lima", "Reached", "In a week")
    picture(thumb, "quick-log-360")
    assert violations_of_panel(thumb) == []
    taps += tap(thumb, "Save")
    logged = saved(thumb)
    assert (taps, logged.contact) == (5, lima)
    assert Commitment.objects.open().get().due_at.isoformat() == "2026-03-11T09:00:00+00:00"


def test_three_taps_with_the_thumb_from_an_open_record(thumb, lima):
    thumb.goto(f"/contacts/{lima.pk}/")
    assert tap(thumb, "No answer", "Tomorrow", "Save") == 3
    assert saved(thumb).outcome.code == "no_answer"


def violations_of_panel(page: Page) -> list[str]:
    return [said for said in violations(page) if "scrollable-region-focusable" not in said]


def test_offline_it_waits_on_the_device_and_is_saved_once(desk, lima, problems):
    desk.goto(f"/contacts/{lima.pk}/")
    press(desk, "c", "1", "2")
    desk.keyboard.type("In the tunnel.")
    desk.context.set_offline(True)
    press(desk, "Control+Enter")
    expect(desk.locator("#queue")).to_contain_text("You are offline.")
    expect(desk.locator("#log-panel")).to_have_count(0)
    assert not Interaction.objects.exists()
    desk.context.set_offline(False)
    expect(desk.locator("#queue")).to_be_hidden(timeout=10_000)
    assert Interaction.objects.get().note == "In the tunnel."
    press(desk, "c")
    expect(desk.locator("#note")).to_have_value("")
    problems[:] = [said for said in problems if "htmx:" not in said and "DISCONNECTED" not in said]


def test_a_second_enter_on_a_slow_network_saves_once(desk, lima):
    desk.goto(f"/contacts/{lima.pk}/")

    def slowly(route):
        if route.request.method == "POST":
            time.sleep(0.4)
        route.continue_()

    desk.route("**/log/", slowly)
    press(desk, "c", "1", "1", "Control+Enter", "Control+Enter", "Control+Enter")
    saved(desk)
    assert Interaction.objects.count() == 1


def test_an_answer_that_was_lost_on_the_way_saves_once(desk, lima, problems):
    desk.goto(f"/contacts/{lima.pk}/")
    lost = []

    def lose(route):
        if route.request.method == "POST" and not lost:
            lost.append(route.fetch(max_redirects=0).status)
            route.abort("connectionreset")
        else:
            route.continue_()

    desk.route("**/log/", lose)
    press(desk, "c", "1", "1", "Control+Enter")
    expect(desk.locator("#log-panel")).to_have_count(0)
    desk.evaluate("Liaison.queue.flush()")
    expect(desk.locator("#queue")).to_be_hidden(timeout=10_000)
    assert lost
    assert Interaction.objects.count() == 1
    problems[:] = [said for said in problems if "htmx:" not in said and "CONNECTION_RESET" not in said]


def test_without_script_a_call_is_logged_on_pages(browser, site, marta, lima):
    page = browser.new_context(base_url=site.url, java_script_enabled=False).new_page()
    sign_in(page, marta.user)
    page.goto("/")
    page.get_by_role("link", name="Log").first.click()
    page.locator("#who").fill("lima")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Beatriz Lima").click()
    page.get_by_label("Reached").check()
    page.get_by_label("What was said").fill("Fine.")
    page.get_by_role("button", name="Save").click()
    logged = saved(page)
    assert (logged.contact, logged.note, logged.seconds) == (lima, "Fine.", None)
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_a_desk_or_a_phone(desk, thumb, lima, scheme, problems):
    stranger = InteractionFactory(stranger=True)
    known = InteractionFactory(contact=lima, account=lima.account, note="She agrees.")
    addresses = [
        "/log/", f"/log/?record={lima.pk}", f"/log/?record={lima.pk}&direction=in&more=1", "/log/?caller=600111222",
        "/interactions/", "/interactions/to-sort/", f"/interactions/{known.pk}/", f"/interactions/{stranger.pk}/put/",
        f"/follow-ups/new/?record={lima.pk}",
    ]  # fmt: skip
    for one in (desk, thumb) if scheme == "light" else (thumb,):  # the colours are the same at any width
        one.emulate_media(color_scheme=scheme)
        for n, address in enumerate(addresses):
            one.goto(address)
            assert violations(one) == [], address
            assert one.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{address} is too wide"
            picture(one, f"touches-{n}-{scheme}-{one.viewport_size['width']}")
        one.goto(f"/contacts/{lima.pk}/")
        one.evaluate("url => Liaison.quickLog.open(url)", f"/log/?record={lima.pk}")
        expect(one.locator("#qlog")).to_be_visible()
        assert violations_of_panel(one) == []
    problems[:] = [said for said in problems if "Applying inline style" not in said]


def test_what_is_to_be_solved_is_ticked_by_the_outcome_that_solves_it_alone(desk: Page, lima):
    owed = CommitmentFactory(dossier=lima.dossier, kind=Kind.RESOLUTION, title="Solve for Ms Lima: problem")
    desk.goto(f"/log/?record={lima.pk}")
    settled(desk)
    tick = desk.locator(f"#settles-{owed.pk}")
    for outcome, is_ticked in (("Reached", False), ("Resolved", True), ("No answer", False)):
        desk.get_by_role("radio", name=outcome).check(force=True)
        expect(tick).to_be_checked(checked=is_ticked)
