"""manage.py demo: a small invented firm, whenever it is told."""

import re
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Max

from accounts.models import Account
from contacts.models import Contact, ContactEmail
from crm.commitments.models import Commitment, Kind
from crm.commitments.planning import planner
from crm.core import clock as product_clock
from crm.dossiers.models import Event, Firm
from crm.handovers.models import Handover
from crm.poc.models import PointOfContact, WorkingCalendar
from crm.poc.resolve import resolve
from crm.users import roles, tokens
from crm.users.models import User
from interactions.models import Interaction, TouchPoint
from projects.models import Project
from tests.factories.dossiers import topic
from tests.factories.poc import AssignmentFactory, PersonFactory, TeamFactory
from tests.factories.users import UserFactory

pytestmark = pytest.mark.django_db

WEDNESDAY = datetime(2026, 3, 4, 11, 20, tzinfo=UTC)
MOMENTS = [
    WEDNESDAY,
    datetime(2026, 3, 7, 22, 58, tzinfo=UTC),  # a Saturday night
    datetime(2026, 12, 31, 23, 58, tzinfo=UTC),
    datetime(2026, 3, 30, 0, 5, tzinfo=UTC),  # the clocks changed yesterday
]


@pytest.fixture
def demo(tmp_path):
    def demo():
        out = StringIO()
        call_command("demo", sign_ins=tmp_path / "sign-ins.txt", stdout=out)
        return out.getvalue()

    demo.file = tmp_path / "sign-ins.txt"
    return demo


@pytest.fixture
def demo_on_import(tmp_path):
    def demo():
        path = tmp_path / "sign-ins.txt"
        call_command("demo", on_import=True, sign_ins=path, stdout=StringIO())
        return path.read_text()

    return demo


def answer(name, code):
    project = Project.objects.get(dossier__title=name)
    return resolve(dossier_id=project.pk, topic_id=topic(code).pk, at=product_clock.now())


@pytest.mark.sqlite  # telling it takes seconds, and what is told is the same on both
@pytest.mark.parametrize("moment", MOMENTS)
def test_whenever_it_is_told_there_is_something_late_something_today_and_something_later(demo, clock, moment):
    clock.freeze(moment)
    demo()
    follow_ups = Commitment.objects.open().filter(kind=Kind.FOLLOW_UP)
    today = follow_ups.filter(due_at__gte=moment - timedelta(minutes=1), due_at__lt=moment + timedelta(hours=4))
    assert follow_ups.overdue(moment).count() >= 5
    assert today.count() >= 6
    assert follow_ups.filter(due_at__gt=moment + timedelta(hours=20)).count() >= 8
    assert Commitment.objects.open().filter(kind=Kind.FIRST_ANSWER).count() >= 5
    assert Event.objects.aggregate(last=Max("happened_at"))["last"] <= moment
    assert Interaction.objects.aggregate(last=Max("occurred_at"))["last"] <= moment
    planner.sweep()


@pytest.mark.sqlite
def test_it_is_told_once(demo):
    assert "is there; how to sign in" in demo()
    before = (Event.objects.count(), demo.file.read_text())
    assert "is there already" in demo()
    assert before == (Event.objects.count(), demo.file.read_text())


@pytest.mark.sqlite
def test_it_does_not_mix_with_the_work_of_others(demo):
    UserFactory()
    with pytest.raises(CommandError, match="Somebody works in this database already"):
        demo()
    assert not Account.objects.exists()


@pytest.mark.sqlite
def test_each_kind_of_user_can_sign_in_and_only_the_owner_reads_how(demo):
    demo()
    assert demo.file.stat().st_mode & 0o777 == 0o600
    lines = re.findall(r"^  (\S.*?)  +(\S+@\S+)  +(\S+)", demo.file.read_text(), re.MULTILINE)
    assert [role for role, *_rest in lines] == [str(label) for label in roles.LABELS.values()]
    for role, email, password in lines:
        user = User.objects.get(email=email)
        assert user.check_password(password), role
        assert str(roles.LABELS[user.groups.get().name]) == role


@pytest.mark.sqlite
def test_the_key_opens_the_api(demo):
    demo()
    secret = re.search(r"lia_\S+", demo.file.read_text())[0]
    assert tokens.check(secret).user.groups.get().name == roles.ADMINISTRATOR


def test_it_is_all_there(demo, clock):
    clock.freeze(WEDNESDAY)
    demo()
    owed = Commitment.objects.open()
    kinds = {Kind.FOLLOW_UP, Kind.FIRST_ANSWER, Kind.NEXT_UPDATE, Kind.TOUCH}
    assert kinds <= set(owed.values_list("kind", flat=True))
    assert owed.filter(state="waiting").exists() and owed.filter(recur_unit="weeks").exists()
    assert owed.overdue(WEDNESDAY).filter(kind=Kind.TOUCH).exists()
    assert Firm.objects.get().set_up_at is not None
    assert WorkingCalendar.objects.values("zone").distinct().count() == 2
    assert Account.objects.count() >= 25 and Account.objects.filter(dossier__parent__isnull=False).count() >= 5
    assert Contact.objects.count() >= 60 and Project.objects.count() >= 20
    assert Interaction.objects.count() >= 200
    assert Interaction.objects.to_sort().count() == 2
    assert TouchPoint.objects.values("channel").distinct().count() >= 6
    assert PointOfContact.objects.teams().exclude(lead=None).count() == 6


@pytest.mark.sqlite
def test_who_answers_shows_gaps_covers_and_what_comes_from_above(demo, clock):
    clock.freeze(WEDNESDAY)
    demo()
    assert answer("Market hall trial", "general").is_gap
    covered = answer("Vaccine fridges, 14 pharmacies", "billing")
    names = PointOfContact.objects.in_bulk([covered.poc_id, covered.holder_id])
    assert [names[pk].name for pk in (covered.holder_id, covered.poc_id)] == ["Beate Kühnel", "Accounts receivable"]
    inherited = answer("Barrel hall humidity", "technical")
    assert Account.objects.get(pk=inherited.dossier_id).name == "Vinhas do Sado, SGPS"


@pytest.mark.sqlite
def test_somebody_has_a_handover_to_accept_and_somebody_one_to_offer(demo):
    demo()
    offered, proposed = Handover.objects.offered().get(), Handover.objects.proposed().get()
    assert (offered.receiver.name, proposed.giver.name) == ("Matteo Rinaldi", "Lucía Montalbán")
    assert len(offered.briefing) == 5


@pytest.mark.sqlite
def test_nobody_it_names_can_be_reached(demo):
    demo()
    addresses = [*User.objects.values_list("email", flat=True), *ContactEmail.objects.values_list("address", flat=True)]
    addresses += PointOfContact.objects.exclude(email="").values_list("email", flat=True)
    assert {address.rpartition(".")[2] for address in addresses} == {"example"}


def test_on_an_import_each_kind_of_user_signs_in_as_somebody_who_answers_there(demo_on_import):
    agent = PersonFactory(name="Ines Moreau", email="ines@house.invalid")
    AssignmentFactory(poc=agent)
    TeamFactory(lead=PersonFactory(name="Paul Adler", email="paul@house.invalid"))
    told = demo_on_import()
    assert re.findall(r"^  (\w[\w ]*?)  ", told, re.M) == [str(label) for label in roles.LABELS.values()]
    assert User.objects.get(email="ines@house.invalid").poc == agent
    assert User.objects.get(email="paul@house.invalid").groups.get().name == roles.ACCOUNT_MANAGER
    administrator = User.objects.get(groups__name=roles.ADMINISTRATOR)
    assert PointOfContact.objects.house().get().memberships.get().member.user == administrator
    assert Firm.objects.get().set_up_at is not None
