"""What somebody outside is told by the directory: whose record it is, who answers, how to reach them. Nothing more."""

from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.users import roles
from crm.users.models import RoleScope
from tests import clock as moves
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.contacts import ContactFactory
from tests.factories.dossiers import tier, topic
from tests.factories.poc import AbsenceFactory, AssignmentFactory, PersonFactory, TeamFactory
from tests.factories.projects import ProjectFactory
from tests.factories.users import UserFactory, narrow
from tests.poc.houses import rolled_back

pytestmark = pytest.mark.django_db

NUMBER = "+351211234567"
SECRETS = ("S3cretcity", "S3cretindustry", "S3cretreason", "S3cretposition", "S3cretdescription", "S3cretproject",
           "S3cretbackup", "S3cretholder", "S3cretabsence", "s3cret@customer.example")  # fmt: skip


def a_customer(is_away: bool, has_backup: bool, at_topic: str) -> tuple[Any, Any, Any]:
    """An account with a contact, full of what outsiders are not told; its POC, or their cover, may be reached."""
    account = AccountFactory(name="Marvila", city="S3cretcity", industry="S3cretindustry", tier=tier())
    contact = ContactFactory(name="Beatriz Lima", account=account, position="S3cretposition", phones=[NUMBER],
                             emails=["s3cret@customer.example"])  # fmt: skip
    ProjectFactory(account=account, name="S3cretproject", description="S3cretdescription")
    answers = PersonFactory(name="Ann Keller", email="ann@firm.example", phone="+351 21 555 0100")
    holder = PersonFactory(name="S3cretholder") if is_away else answers
    if is_away:
        AbsenceFactory(poc=holder, cover=answers, reason="S3cretabsence")
    AssignmentFactory(dossier=account.dossier, topic=topic(at_topic), poc=holder, reason="S3cretreason")
    if has_backup:
        AssignmentFactory(
            dossier=account.dossier,
            topic=topic(at_topic),
            rank=1,
            poc=TeamFactory(name="S3cretbackup", members=[answers]),
        )
    return account, contact, answers


@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    role=st.sampled_from(list(roles.LABELS)),
    is_away=st.booleans(),
    has_backup=st.booleans(),
    about=st.sampled_from(["general", "billing"]),
)
def test_an_outsider_is_told_who_answers_and_how_to_reach_them_and_nothing_more(role, is_away, has_backup, about):
    with rolled_back():
        moves.freeze(AT)
        narrow(role, RoleScope.Sees.OWN)
        account, contact, answers = a_customer(is_away, has_backup, about)
        client = Client()
        client.force_login(PersonFactory(user=UserFactory(role=role)).user)
        asked = [f"/who/?q=marvila+{about}", f"/who/?q=beatriz+{about}", f"/who/?q={NUMBER[1:]}+{about}"]
        asked += [
            f"/api/v1/resolve/?{kind}&topic={about}" for kind in (f"account={account.pk}", f"contact={contact.pk}")
        ]
        asked += [f"/api/v1/resolve/?phone=%2B{NUMBER[1:]}&topic={about}"]
        for address in asked:
            answer = client.get(address)
            text = answer.content.decode()
            assert answer.status_code == 200
            assert answers.email in text, address
            assert [secret for secret in SECRETS if secret in text] == [], address
        for record in (account, contact):
            assert client.get(f"/d/{record.pk}/").status_code == 404
            assert client.get(f"/d/{record.pk}/history/?on=2026-03-04").status_code == 404
