"""What mails learn about a thing owed: with whom it is, how they are reached, what was said last."""

from datetime import timedelta

import pytest

from crm.commitments.actions import Promise, open_commitments
from crm.commitments.mail import background
from crm.commitments.mail.background import NOTHING
from crm.commitments.models import Kind
from interactions import background as ours
from interactions.history import PastTouch, log_many
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.commitments import CommitmentFactory
from tests.factories.contacts import ContactFactory, role
from tests.factories.dossiers import DossierFactory, channel, outcome, topic
from tests.factories.interactions import FollowUpFactory, InteractionFactory
from tests.factories.projects import ProjectFactory
from tests.factories.users import UserFactory, actor

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


def of_a_batch(project, *contacts):
    """What is to be solved for each, brought in together: touches of one moment, on one project."""
    touches = [
        PastTouch(
            channel=channel(), direction="in", topic=topic(), project=project, contact=contact,
            occurred_at=AT - timedelta(days=1),
        )
        for contact in contacts
    ]  # fmt: skip
    rows = log_many(touches=touches, by=actor(), at=AT)
    promises = [
        Promise(
            dossier=row.dossier, topic=topic(), kind=Kind.RESOLUTION, title="Solve it", due_at=AT, interaction=row.pk
        )
        for row in rows
    ]  # fmt: skip
    return open_commitments(promises, by=actor(), at=AT)


def test_of_touches_of_one_moment_each_has_its_own_customer(account, lima):
    """A mail with somebody else's name and number sends a problem to the wrong customer."""
    rui = ContactFactory(name="Rui", account=account, phones=["+351215550199"])
    owed = of_a_batch(ProjectFactory(account=account), lima, rui)
    said = ours.of(owed)
    assert [(said[c.pk].contact, said[c.pk].phone) for c in owed] == [
        ("Ms Lima", "+351 21 555 0123"), ("Rui", "+351 21 555 0199"),
    ]  # fmt: skip


def test_where_several_may_have_asked_nobody_is_named(account, lima):
    owed = CommitmentFactory(dossier=account.dossier, opened_at=AT)
    for contact in (lima, ContactFactory(account=account)):
        InteractionFactory(account=account, contact=contact, dossier=account.dossier, logged_at=AT)
    assert known(owed).contact == ""


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
