"""Pages that a mail leads to, invitations and password mails: in the reader's language, and nothing left in English."""

import re
from datetime import timedelta

import pytest
from allauth.core.context import request_context
from django.core import mail
from django.test import Client

from crm.commitments import actions, waiting
from crm.commitments.mail import links, unsubscribing
from crm.commitments.mail.links import Act
from crm.commitments.telling.preferring import GROUPS
from crm.core import limits
from crm.core.actor import Actor
from crm.desk import set_up
from crm.dossiers.models import Firm
from crm.users.adapter import AccountAdapter
from tests.commitments.conftest import MONDAY, build, moment
from tests.factories.users import UserFactory
from tests.spoken import LANGUAGES, left_in_english

pytestmark = pytest.mark.sqlite  # words are the same on either

SAME = {"E-mail", "Password"}


@pytest.fixture
def house(db, clock):
    return build(clock)


@pytest.fixture
def owed(house):
    """Something Ann owes; she may act on it."""
    house.ann.user.groups.add(UserFactory(role="sales_rep").groups.get())
    return house.promise()


def speak(user, language):
    user.language = language
    user.save()


def address(owed, act=Act.DONE, **values):
    given = {"written_at": MONDAY, "zone": "UTC", "poc_id": owed.dossier.assignments.get(rank=0).poc_id} | values
    return f"/o/{links.token(links.link_to(owed, act, **given))}/"


def main_of(response):
    html = response.content.decode()
    return re.search(r"<title>.*?</title>", html, re.DOTALL)[0] + re.search(r"<main.*</main>", html, re.DOTALL)[0]


def nothing(owed, house):
    pass


def taken_on(owed, house):
    actions.acknowledge(commitment=owed, by=Actor(house.ann.user), at=house.at("Mon 11:00"))


def waits(owed, house):
    waiting.wait(commitment=owed, by=house.by, at=house.at("Mon 11:00"))


def done_by_me(owed, house):
    actions.keep(commitment=owed, by=Actor(house.ann.user), at=house.at("Mon 11:00"))


def done(owed, house):
    actions.keep(commitment=owed, by=house.by, at=house.at("Mon 11:00"))


def cancelled(owed, house):
    actions.cancel(commitment=owed, by=house.by, at=house.at("Mon 11:00"))


def gone_by(owed, house):
    house.at("Mon+ 10:00")
    owed.due_at -= timedelta(days=9)


def left(owed, house):
    house.ann.deactivated_at = moment("Mon 10:00")
    house.ann.save()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("before", "act"),
    [(nothing, act) for act in Act if act != Act.GO_ON]
    + [(waits, Act.GO_ON), (waits, Act.WAIT), (waits, Act.LATER), (taken_on, Act.ON_IT)]
    + [(before, Act.DONE) for before in (done_by_me, done, cancelled, gone_by, left)],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_the_page_behind_a_link_is_said_whole_before_and_after(owed, house, language, before, act):
    before(owed, house)
    wanted, names = address(owed, act), ["Call Ms Lima", "Atlantico", "Ann", house.by.user.name, "UTC"]
    pages = {}
    for spoken in ("en", language):
        speak(house.ann.user, spoken)
        pages[spoken] = main_of(Client().get(wanted))
    assert left_in_english(pages[language], pages["en"], names, SAME) == []
    after = main_of(Client().post(wanted))
    assert left_in_english(after, pages["en"], names, SAME) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_way_out_of_digests_is_said_whole(house, language):
    out = unsubscribing.WayOut(house.ann.pk, list(GROUPS), MONDAY + timedelta(days=90))
    path = f"/o/fewer/{unsubscribing.token(out)}/"
    pages = {}
    for spoken in ("en", language):
        speak(house.ann.user, spoken)
        pages[spoken] = [main_of(Client().get(path)), main_of(Client().post(path))]
    pairs = zip(pages[language], pages["en"], strict=True)
    assert [left_in_english(one, english) for one, english in pairs] == [[], []]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", ["/o/nonsense/", "/o/fewer/nonsense/", "/auth/password/reset/",
                                  "/auth/password/reset/done/", "/auth/password/reset/key/1-nonsense/"])  # fmt: skip
def test_a_page_for_whoever_is_not_known_speaks_as_their_browser_does(house, language, path):
    english, said = (main_of(Client().get(path, headers={"accept-language": spoken})) for spoken in ("en", language))
    assert left_in_english(said, english, same=SAME) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_who_asks_too_often_reads_why(house, monkeypatch, language):
    monkeypatch.setattr(limits, "within", lambda *_: False)
    english, said = (
        main_of(Client().get("/o/any/", headers={"accept-language": spoken})) for spoken in ("en", language)
    )
    assert left_in_english(said, english) == []


# --- Mails that are no notices ---------------------------------------------------------------------------------------


def letters(make):
    mail.outbox.clear()
    make()
    return "\n".join(f"{letter.subject}\n{letter.body}" for letter in mail.outbox)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("by", ["somebody", "nobody"])
def test_an_invitation_is_in_the_houses_language(house, language, by):
    inviting = Actor(UserFactory(name="Giulia Neri", language="en") if by == "somebody" else None)
    said = {}
    for n, spoken in enumerate(("en", language)):
        Firm.objects.update(language=spoken, name="Hallberg")
        people = [("Ann Keller", f"ann{n}@hallberg.example")]
        said[spoken] = letters(lambda p=people: set_up.invite(people=p, role="sales_rep", by=inviting, at=MONDAY))
    assert left_in_english(said[language], said["en"], ["Giulia Neri", "Ann Keller", "Hallberg"]) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_test_mail_is_in_its_readers_language_or_the_houses(house, language):
    english = letters(lambda: set_up.send_test_mail(user=UserFactory(language="en")))
    assert left_in_english(letters(lambda: set_up.send_test_mail(user=UserFactory(language=language))), english) == []
    Firm.objects.update(language=language)
    assert left_in_english(letters(lambda: set_up.send_test_mail(user=UserFactory(language=""))), english) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_link_to_a_new_password_is_in_the_language_of_whom_it_goes_to(house, language):
    """Whoever asks may sit at any machine: this one speaks English."""
    said = {}
    for spoken in ("en", language):
        user, client = UserFactory(language=spoken), Client(headers={"accept-language": "en"})
        said[spoken] = letters(lambda u=user, c=client: c.post("/auth/password/reset/", {"email": u.email}))
    assert "/auth/password/reset/key/" in said[language]
    assert left_in_english(said[language], said["en"]) == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["password_changed", "password_reset", "password_set", "unknown_account"])
def test_mails_about_passwords_are_in_words_and_zone_of_whom_they_go_to(house, rf, language, name):
    facts = {"timestamp": moment("Wed 10:00"), "ip": "192.0.2.1", "user_agent": "Browser 1"}
    said = {}
    for spoken in ("en", language):
        user = UserFactory(language=spoken, time_zone="Asia/Tokyo")
        with request_context(rf.get("/")):
            said[spoken] = letters(lambda u=user: AccountAdapter().send_mail(f"account/email/{name}", u.email, facts))
    assert left_in_english(said[language], said["en"], ["Browser 1", "192.0.2.1"]) == []
    assert name == "unknown_account" or "19:00" in said[language]
