"""What is owed is said in the reader's language where the product says it, and as it was typed where somebody did."""

from datetime import timedelta

from django.utils import translation

from crm.commitments.models import Commitment
from crm.dossiers.models import Purpose
from interactions.actions import log
from interactions.follow_ups import NewFollowUp, plan
from interactions.updates import title_of
from tests.factories import AT
from tests.factories.contacts import ContactFactory
from tests.factories.dossiers import purpose, topic

TOMORROW = AT + timedelta(days=1)


def said_in(language: str) -> list[str]:
    with translation.override(language):
        return [str(c) for c in Commitment.objects.order_by("pk")]


def test_what_a_touch_owes_is_said_to_each_reader_in_their_language(by, lima, call):
    log(touch=call(contact=lima, direction="in", purpose=purpose("problem")), by=by, at=AT)
    assert said_in("en") == ["Answer Beatriz Lima: problem", "Solve for Beatriz Lima: problem"]
    assert said_in("es") == ["Responder a Beatriz Lima: problema", "Resolver para Beatriz Lima: problema"]


def test_whoever_caused_it_in_another_language_changes_nothing_for_the_reader(by, lima):
    with translation.override("ru"):
        planned = plan(new=NewFollowUp(TOMORROW), dossier=lima.dossier, topic=topic(), contact=lima, by=by, at=AT)
    assert planned.commitment.title != "Call Beatriz Lima"
    assert said_in("en") == ["Call Beatriz Lima"]


def test_what_somebody_typed_is_said_as_they_typed_it(by, lima):
    new = NewFollowUp(TOMORROW, title="Call %(who)s back")
    plan(new=new, dossier=lima.dossier, topic=topic(), by=by, at=AT)
    assert said_in("es") == ["Call %(who)s back"]


def test_a_reason_of_the_house_is_said_as_the_house_calls_it(by, lima, call):
    Purpose.objects.filter(code="problem").update(name="Störung 100 %")
    log(touch=call(contact=lima, direction="in", purpose=purpose("problem")), by=by, at=AT)
    assert said_in("es")[0] == "Responder a Beatriz Lima: störung 100 %"


def test_a_name_with_signs_of_a_format_is_left_as_it_is(by, lima, call):
    touch = call(caller="100%(who)s", direction="in", purpose=purpose("problem"))
    log(touch=touch, by=by, at=AT)
    assert said_in("en")[0] == "Answer 100%(who)s: problem"


def test_it_is_one_line_as_long_as_what_is_typed_may_be(by, call):
    touch = call(caller="Ann\nBell " + "é" * 240, direction="in", purpose=purpose("problem"))
    log(touch=touch, by=by, at=AT)
    owed = Commitment.objects.order_by("pk")[0]
    assert str(owed) == owed.title
    assert owed.title.startswith("Answer Ann Bell é")
    assert len(owed.title) == 200


def test_of_many_an_update_names_two_and_counts_the_rest(db):
    people = [ContactFactory(name=name) for name in ("Ann Bell", "Beatriz Lima", "Carl Dietz", "Dora Engel")]
    title = title_of(people, " ")
    assert str(title) == "Tell Ann Bell, Beatriz Lima +2 how it stands"
    with translation.override("es"):
        assert str(title) == "Informar a Ann Bell, Beatriz Lima +2 de cómo va"


def test_pages_and_lists_say_it_so(as_marta, marta, by, lima, call):
    log(touch=call(contact=lima, direction="in", purpose=purpose("problem")), by=by, at=AT)
    marta.user.language = "es"
    marta.user.save()
    owed = Commitment.objects.order_by("pk")[0]
    for address in (f"/accounts/{lima.account.pk}/", f"/owed/{owed.pk}/"):
        html = as_marta.get(address).content.decode()
        assert "Responder a Beatriz Lima: problema" in html, address
        assert "Answer Beatriz Lima" not in html, address


def test_the_api_says_it_in_the_language_that_is_asked_for(api, marta, by, lima):
    planned = plan(new=NewFollowUp(TOMORROW), dossier=lima.dossier, topic=topic(), contact=lima, by=by, at=AT)
    api.force_authenticate(marta.user)
    for address in (f"/api/v1/follow-ups/{planned.pk}/", f"/api/v1/owed/{planned.commitment_id}/"):
        answer = api.get(address, headers={"accept-language": "es"})
        assert answer.status_code == 200, address
        assert answer.json()["title"] == "Llamar a Beatriz Lima", address
