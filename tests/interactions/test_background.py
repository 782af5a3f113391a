"""What mails learn about a thing owed: with whom it is, how they are reached, what was said last."""

from datetime import timedelta

import pytest

from crm.commitments.mail import background
from crm.commitments.mail.background import NOTHING
from interactions import background as ours
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.commitments import CommitmentFactory
from tests.factories.contacts import ContactFactory, role
from tests.factories.dossiers import DossierFactory, outcome
from tests.factories.interactions import FollowUpFactory, InteractionFactory
from tests.factories.projects import ProjectFactory
from tests.factories.users import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def account():
    return AccountFactory(name="Atlantico", zone="Europe/Lisbon")


@pytest.fixture
def lima(account):
    return ContactFactory(name="Ms Lima", account=account, phones=["+351215550123"], roles=[role("billing")])


def known(commitment):
    return ours.of([commitment])[commitment.pk]


def test_the_contact_of_a_follow_up_is_named_with_role_number_and_clock(account, lima):
    commitment = CommitmentFactory(dossier=account.dossier)
    FollowUpFactory(commitment=commitment, contact=lima, text="About 2026-1187", place="Rua 1")
    said = known(commitment)
    assert (said.contact, said.phone, said.zone) == ("Ms Lima", "+351 21 555 0123", "Europe/Lisbon")
    assert (list(said.roles), said.text, said.place) == (["Billing"], "About 2026-1187", "Rua 1")
    assert said.account == ""  # it is the record


def test_on_a_project_the_firm_is_said_too(account):
    project = ProjectFactory(account=account)
    assert known(CommitmentFactory(dossier=project.dossier)).account == "Atlantico"


def test_on_a_contacts_own_record_it_is_them(lima):
    said = known(CommitmentFactory(dossier=lima.dossier))
    assert (said.account, said.contact, said.phone) == ("Atlantico", "", "+351 21 555 0123")


def test_an_answer_is_owed_to_whoever_asked(account, lima):
    commitment = CommitmentFactory(dossier=lima.dossier, opened_at=AT)
    assert known(commitment).phone == "+351 21 555 0123"
    on_account = CommitmentFactory(dossier=account.dossier, opened_at=AT)
    InteractionFactory(account=account, contact=lima, dossier=account.dossier, logged_at=AT)
    assert known(on_account).contact == "Ms Lima"


def test_the_last_touch_is_said_as_the_timeline_says_it(account, lima):
    ann = UserFactory(name="Ann")
    InteractionFactory(account=account, occurred_at=AT - timedelta(days=2), note="old")
    InteractionFactory(
        account=account, contact=lima, outcome=outcome("reached"), occurred_at=AT, logged_by=ann,
        note="The  note\nis " + "x" * 400,
    )  # fmt: skip
    InteractionFactory(account=account, occurred_at=AT + timedelta(hours=1), withdrawn_at=AT, note="undone")
    InteractionFactory(occurred_at=AT + timedelta(hours=1), note="elsewhere")
    said = known(CommitmentFactory(dossier=account.dossier))
    assert said.last.startswith("Ann called Ms Lima, ")
    assert said.last.endswith(": reached")
    assert said.note.startswith("The note is xx") and len(said.note) == ours.MAX_NOTE


def test_what_was_said_in_another_home_is_never_told(account, lima):
    """A contact who went elsewhere left what was said with the old firm."""
    elsewhere = AccountFactory()
    InteractionFactory(account=elsewhere, contact=lima, dossier=elsewhere.dossier, note="a secret of theirs")
    assert known(CommitmentFactory(dossier=lima.dossier)).note == ""


def test_a_record_of_which_nothing_is_known_says_nothing():
    assert known(CommitmentFactory(dossier=DossierFactory())) == NOTHING


@pytest.mark.parametrize("n", [1, 12])
def test_it_costs_three_queries_however_many(account, lima, n, django_assert_num_queries):
    rows = [FollowUpFactory(contact=lima, commitment__dossier=account.dossier).commitment for _n in range(n)]
    InteractionFactory(account=account, contact=lima)
    with django_assert_num_queries(3):  # the follow-ups and which touch was last, contacts, touches
        assert all(b.contact for b in background.of(rows).values())
