"""The pages in a real browser: nothing axe finds wrong, nothing on the console, every act by keyboard alone."""

import pytest
from playwright.sync_api import Page, expect

from crm.commitments.models import Commitment
from crm.users.models import User
from tests.browser import picture, sign_in, violations
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.contacts import ContactFactory, role
from tests.factories.dossiers import EventFactory, tier, topic
from tests.factories.poc import AbsenceFactory, AssignmentFactory, PersonFactory, TeamFactory
from tests.factories.projects import ProjectFactory, StakeholderFactory
from tests.factories.users import UserFactory
from tests.pages.test_accounts import promise

pytestmark = pytest.mark.browser


@pytest.fixture
def manager(database, clock) -> User:
    clock.freeze(AT)
    return UserFactory(name="Giulia Ferrari", account_manager=True)


@pytest.fixture
def record(manager) -> dict[str, int]:
    """An account with everything on it: its own, its project's and its contact's number, and what is owed."""
    account = AccountFactory(name="Cervejaria Atlântico, S.A.", tier=tier("a"), city="Lisbon", kind="customer")
    ann, team = PersonFactory(name="Ann Keller"), TeamFactory(name="Team AR", members=[PersonFactory()])
    AssignmentFactory(dossier=account.dossier, poc=PersonFactory(name="João Pereira"))
    AssignmentFactory(dossier=account.dossier, topic=topic("billing"), poc=ann)
    AbsenceFactory(poc=ann, cover=team)
    contact = ContactFactory(name="Beatriz Lima", account=account, roles=[role("billing")], phones=["+351 21 555 0123"])
    project = ProjectFactory(name="Cold store Marvila", account=account, phase="running")
    StakeholderFactory(project=project, contact=contact, role=role("billing"))
    EventFactory(dossiers=[account.dossier, project.dossier])
    owed = [promise(account, title=title) for title in ("Call Ms Lima", "Send the quote", "Book the crane")]
    other = AccountFactory(name="Mercado Sur")
    gone = AccountFactory(archived_at=AT)
    return {
        "account": account.pk, "project": project.pk, "contact": contact.pk, "owed": owed[0].pk, "other": other.pk,
        "gone": gone.pk,
    }  # fmt: skip


ADDRESSES = [
    "/accounts/", "/accounts/{account}/", "/accounts/new/", "/contacts/", "/contacts/{contact}/",
    "/contacts/{contact}/edit/", "/projects/", "/projects/{project}/", "/projects/new/",
    "/projects/{project}/stakeholders/new/", "/d/{account}/who/", "/owed/{owed}/",
    "/d/{account}/archive/", "/accounts/{gone}/", "/merge/?a={account}&b={other}",
]  # fmt: skip


def forget_axe(problems: list[str]) -> None:
    """Leave out what the policy refused to axe itself, which tries a style of its own."""
    problems[:] = [said for said in problems if "Applying inline style" not in said]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_a_desk_or_a_phone(page: Page, phone: Page, manager, record, problems, scheme):
    for one in (page, phone) if scheme == "light" else (phone,):  # the colours are the same at any width
        sign_in(one, manager)
        one.emulate_media(color_scheme=scheme)
        for address in ADDRESSES:
            one.goto(address.format(**record))
            assert violations(one) == [], address
            assert one.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{address} is too wide"
            name = address.translate(str.maketrans("/", "-", "{}")).strip("-")
            picture(one, f"{name}-{scheme}-{one.viewport_size['width']}")
    forget_axe(problems)


def test_the_longest_words_fit_a_phone(phone: Page, manager, record):
    manager.language = "ru"
    manager.save()
    sign_in(phone, manager)
    for address in ADDRESSES:
        phone.goto(address.format(**record))
        expect(phone.locator("html")).to_have_attribute("lang", "ru")
        assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{address} is too wide"
        picture(phone, f"{address.translate(str.maketrans('/', '-', '{}')).strip('-')}-ru")


def test_axe_finds_nothing_before_one_has_signed_in(page: Page, manager, problems):
    for address in ("/auth/login/", "/auth/password/reset/"):
        page.goto(address)
        assert violations(page) == [], address
    forget_axe(problems)


def test_rows_are_walked_and_settled_with_single_keys(page: Page, manager, record):
    sign_in(page, manager)
    page.goto(f"/accounts/{record['account']}/")
    page.keyboard.press("j")
    expect(page.locator("[data-row].is-on .task-t")).to_have_text("Call Ms Lima")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("d")
    expect(page.locator("#messages")).to_contain_text("Done.")
    expect(page.locator(f"#owed-{record['owed']} .due")).to_contain_text("Done")
    page.keyboard.press("j")
    page.keyboard.press("s")
    expect(page.locator("#messages")).to_contain_text("Quiet until")
    states = Commitment.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == ["kept", "snoozed", "open"]


def test_single_keys_are_off_while_one_types_and_when_switched_off(page: Page, manager, record):
    sign_in(page, manager)
    page.goto("/accounts/")
    page.keyboard.press("/")
    page.keyboard.type("cdj")
    expect(page.locator(".bar input[name=q]")).to_have_value("cdj")
    page.locator(".foot summary", has_text="Keys").click()
    page.get_by_role("button", name="Switch the keys off").click()
    page.locator("h1").click()
    page.keyboard.press("/")
    expect(page.locator(".bar input[name=q]")).not_to_be_focused()


def test_what_is_typed_survives_a_reload(page: Page, manager):
    sign_in(page, manager)
    page.goto("/accounts/new/")
    page.get_by_label("Name").fill("Mercado Norte")
    page.wait_for_timeout(1500)  # drafts are kept each second
    page.reload()
    expect(page.get_by_label("Name")).to_have_value("Mercado Norte")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("h1")).to_have_text("Mercado Norte")
    page.goto("/accounts/new/")
    expect(page.get_by_label("Name")).to_have_value("")


def test_names_are_suggested_while_one_types(page: Page, manager, record):
    sign_in(page, manager)
    page.goto("/projects/new/")
    page.get_by_label("Account").press_sequentially("cervej")
    expect(page.locator("datalist option")).to_have_attribute("value", "Cervejaria Atlântico, S.A.")


def test_a_menu_closes_with_escape_and_gives_the_focus_back(page: Page, manager):
    sign_in(page, manager)
    page.goto("/accounts/")
    menu = page.locator(".bar details.menu")
    menu.locator("summary").click()
    page.keyboard.press("Escape")
    expect(menu).not_to_have_attribute("open", "")
    expect(menu.locator("summary")).to_be_focused()


def test_older_entries_join_the_timeline_in_place(page: Page, manager, record):
    account = AccountFactory(name="Old customer")
    EventFactory.create_batch(60, dossiers=[account.dossier])
    sign_in(page, manager)
    page.goto(f"/accounts/{account.pk}/")
    page.get_by_role("link", name="Older").click()
    expect(page.locator(".tl-dot")).to_have_count(60)


def test_the_language_is_switched_in_the_foot(page: Page, manager):
    sign_in(page, manager)
    page.goto("/accounts/")
    page.locator(".foot summary").first.click()
    page.get_by_role("button", name="Español").click()
    expect(page.locator("html")).to_have_attribute("lang", "es")
    manager.refresh_from_db()
    assert manager.language == "es"


def test_every_page_works_without_script(browser, site, manager, record):
    page = browser.new_context(base_url=site.url, java_script_enabled=False).new_page()
    sign_in(page, manager)
    page.goto(f"/accounts/{record['account']}/")
    page.locator(f"#owed-{record['owed']}").get_by_role("button", name="Done").click()
    expect(page.locator("#messages")).to_contain_text("Done.")
    assert Commitment.objects.get(pk=record["owed"]).state == "kept"
    page.goto("/accounts/?answers=nobody")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.context.close()
