"""Promised updates: to whom, by when, and kept once each of them was reached."""

from datetime import timedelta

import pytest

from crm.commitments.models import Commitment, Kind, PolicyVersion
from crm.dossiers.actions import Archived
from crm.dossiers.models import Dossier
from crm.users.models import RoleScope
from interactions import quick_log, updates
from interactions.actions import log
from interactions.follow_ups import DueInThePast
from interactions.updates import NewUpdate, NotOnRecord, ToWhomRequired, promise
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.contacts import ContactFactory
from tests.factories.dossiers import purpose, topic
from tests.factories.poc import AssignmentFactory
from tests.factories.projects import ProjectFactory, StakeholderFactory
from tests.factories.users import narrow

TOMORROW = AT + timedelta(days=1)
LATER = AT + timedelta(minutes=5)


@pytest.fixture
def rui(lima):
    return ContactFactory(name="Rui", account=lima.account)


@pytest.fixture
def promised(lima, by):
    """Promise people an update: `promised(lima, rui)`."""

    def make(*people, dossier=None, **values):
        new = NewUpdate(people, **{"about": "the delivery", "due_at": TOMORROW} | values)
        return promise(new=new, dossier=dossier or lima.account.dossier, topic=topic(), by=by, at=AT)

    return make


def state(owed):
    return Commitment.objects.get(pk=owed.pk).state


def test_an_update_is_owed_to_those_it_was_promised_to(lima, rui, promised):
    owed = promised(lima, rui)
    assert (owed.kind, owed.title, owed.due_at) == (
        Kind.NEXT_UPDATE, "Tell Beatriz Lima, Rui: the delivery", TOMORROW,
    )  # fmt: skip
    assert set(owed.addressees.all()) == {lima.dossier, rui.dossier}


def test_without_a_moment_it_is_due_by_the_houses_target(lima, promised):
    owed = promised(lima, due_at=None, about="")
    assert owed.due_at > AT
    assert (owed.counted_from, owed.title) == (AT, "Tell Beatriz Lima how it stands")


@pytest.mark.parametrize(
    ("values", "refusal"), [({"to": ()}, ToWhomRequired), ({"due_at": AT - timedelta(seconds=1)}, DueInThePast)]
)
def test_an_update_needs_somebody_and_a_moment_to_come(lima, by, values, refusal):
    new = NewUpdate(**{"to": [lima]} | values)
    with pytest.raises(refusal):
        promise(new=new, dossier=lima.dossier, topic=topic(), by=by, at=AT)


def test_nobody_from_elsewhere_is_promised_anything(lima, promised):
    with pytest.raises(NotOnRecord):
        promised(ContactFactory(at_account=True))


def test_an_archived_contact_is_promised_nothing(lima, rui, promised):
    Dossier.objects.filter(pk=rui.pk).update(archived_at=AT)
    rui.dossier.refresh_from_db()
    with pytest.raises(Archived):
        promised(rui)


def test_a_projects_people_may_be_from_another_account(lima, promised):
    project = ProjectFactory(account=lima.account)
    guest = StakeholderFactory(project=project, contact__at_account=True).contact
    assert promised(guest, dossier=project.dossier).addressees.get() == guest.dossier


def test_reaching_the_one_it_was_promised_to_keeps_it(lima, call, by, promised):
    owed = promised(lima)
    log(touch=call(contact=lima), settles=[owed], by=by, at=LATER)
    assert state(owed) == "kept"


def test_it_is_kept_once_each_was_reached(lima, rui, call, by, promised):
    owed = promised(lima, rui)
    log(touch=call(contact=lima), settles=[owed], by=by, at=LATER)
    assert state(owed) == "open"
    assert updates.reached_since([owed]) == {owed.pk: {lima.pk}}
    log(touch=call(contact=rui), settles=[owed], by=by, at=LATER)
    assert state(owed) == "kept"


def test_what_was_said_before_the_promise_does_not_count(lima, rui, call, by, promised):
    log(touch=call(contact=rui, occurred_at=AT - timedelta(hours=1)), by=by, at=AT)
    owed = promised(lima, rui)
    log(touch=call(contact=lima), settles=[owed], by=by, at=LATER)
    assert state(owed) == "open"


def test_their_own_call_keeps_nothing(lima, call, by, promised):
    owed = promised(lima)
    log(touch=call(contact=lima, direction="in", purpose=purpose("feedback")), settles=[owed], by=by, at=LATER)
    assert state(owed) == "open"


def test_nobody_reached_it_is_tried_again(lima, call, by, promised):
    owed = promised(lima)
    log(touch=call("no_answer", contact=lima), settles=[owed], by=by, at=LATER)
    assert Commitment.objects.get(pk=owed.pk).due_at > owed.due_at - timedelta(days=1)
    assert state(owed) == "open"


def test_logging_offers_it_with_those_it_was_promised_to_alone(lima, rui, marta, promised):
    owed = promised(lima)

    def offered(contact, direction=quick_log.OUT):
        subject = quick_log.subject_of(contact.pk, user=marta.user, chosen={})
        return [c.pk for c in quick_log.offered_to_settle(subject, direction=direction, at=AT)]

    assert (offered(lima), offered(rui), offered(lima, quick_log.IN)) == ([owed.pk], [], [])


def test_it_is_promised_on_the_records_page(as_marta, lima):
    url = f"/updates/new/?record={lima.pk}"
    assert "Beatriz Lima" in as_marta.get(url).content.decode()
    response = as_marta.post(url, {"to": [lima.pk], "what": "the delivery", "due": "tomorrow 9", "topic": topic().pk})
    assert response.status_code == 302
    owed = Commitment.objects.get(kind=Kind.NEXT_UPDATE)
    assert owed.addressees.get() == lima.dossier
    html = as_marta.get(f"/contacts/{lima.pk}/").content.decode()
    assert "Tell Beatriz Lima: the delivery" in html
    assert f'data-saved="update-{lima.pk}"' in html  # what was typed is kept as a draft no longer


def test_the_page_says_by_when_the_house_wants_it(as_marta, lima, promised):
    page = as_marta.get(f"/updates/new/?record={lima.pk}")
    assert page.context["usual"] == promised(lima, due_at=None).due_at
    assert "as the house wants it." in page.content.decode()


def test_where_the_house_says_nothing_a_moment_is_asked_for(as_marta, lima):
    PolicyVersion.objects.filter(policy__kind=Kind.NEXT_UPDATE).update(target_amount=None, target_unit="")
    html = as_marta.get(f"/updates/new/?record={lima.pk}").content.decode()
    assert "as the house wants it" not in html
    response = as_marta.post(f"/updates/new/?record={lima.pk}", {"to": [lima.pk], "topic": topic().pk})
    assert response.status_code == 422


def test_where_nobody_is_known_a_contact_is_asked_for_first(as_marta):
    account = AccountFactory()
    html = as_marta.get(f"/updates/new/?record={account.pk}").content.decode()
    assert "No contact is known here yet." in html and "Promise it" not in html


def test_an_update_is_promised_once(as_marta, lima):
    url = f"/updates/new/?record={lima.pk}"
    response = as_marta.post(url, {"to": [lima.pk], "due": "fri 9 every 2 weeks", "topic": topic().pk})
    assert response.status_code == 422
    assert "This is promised once." in response.content.decode()
    assert not Commitment.objects.exists()


@pytest.fixture
def crowd(lima):
    """Sixty people at the account of Ms Lima, who comes before none of them."""
    return [ContactFactory(name=f"Adam {n:02}", account=lima.account) for n in range(60)]


def offered(page):
    return [choice.choice_label for choice in page.context["form"]["to"]]


def test_of_hundreds_some_are_offered_and_the_others_found_by_name(as_marta, lima, crowd):
    url = f"/updates/new/?record={lima.account_id}"
    page = as_marta.get(url)
    assert len(offered(page)) == updates.OFFERED and "Beatriz Lima" not in offered(page)
    assert "type part of a name" in page.content.decode()
    ticked = f"&to={crowd[40].pk}"
    found = as_marta.get(f"{url}&find=lima{ticked}", headers={"HX-Request": "true", "HX-Trigger-Name": "find"})
    assert offered(found) == ["Adam 40", "Beatriz Lima"]
    assert f'value="{crowd[40].pk}"' in found.content.decode() and "<h1>" not in found.content.decode()
    nobody = as_marta.get(f"{url}&find=zzz").content.decode()
    assert "Nobody here has such a name." in nobody and "Promise it" in nobody


def test_whoever_was_found_is_promised_it_though_the_page_did_not_offer_them(as_marta, lima, crowd):
    url = f"/updates/new/?record={lima.account_id}"
    values = {"to": [lima.pk], "due": "nonsense", "topic": topic().pk}
    assert "Beatriz Lima" in offered(as_marta.post(url, values))
    as_marta.post(url, values | {"due": "tomorrow 9"})
    assert Commitment.objects.get().addressees.get() == lima.dossier


def test_an_update_is_promised_to_fifty_at_most(as_marta, api, marta, lima, crowd):
    everybody = [person.pk for person in crowd]
    page = as_marta.post(f"/updates/new/?record={lima.account_id}", {"to": everybody, "topic": topic().pk})
    assert page.status_code == 422 and "50 people at most" in page.content.decode()
    api.force_authenticate(marta.user)
    answer = api.post("/api/v1/owed/updates/", {"account": lima.account_id, "to": everybody}, format="json")
    assert answer.status_code == 400
    assert not Commitment.objects.exists()


def test_whom_one_may_not_see_is_offered_by_neither_door(as_marta, api, marta):
    project = ProjectFactory()
    AssignmentFactory(dossier=project.account.dossier, poc=marta)
    own = ContactFactory(name="Own Person", account=project.account)
    hidden = StakeholderFactory(project=project, contact=ContactFactory(name="Hidden Person", at_account=True)).contact
    narrow("sales_rep", RoleScope.Sees.OWN)
    url = f"/updates/new/?record={project.pk}"
    assert offered(as_marta.get(url)) == [own.name]
    assert as_marta.post(url, {"to": [hidden.pk], "topic": topic().pk}).status_code == 422
    api.force_authenticate(marta.user)
    body = {"project": project.pk, "to": [hidden.pk]}
    assert api.post("/api/v1/owed/updates/", body, format="json").status_code == 400


def test_to_whom_is_asked_for(as_marta, lima):
    response = as_marta.post(f"/updates/new/?record={lima.pk}", {"topic": topic().pk})
    assert response.status_code == 422
    assert "one contact at least" in response.content.decode()
