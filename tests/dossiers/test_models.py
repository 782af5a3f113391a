import pytest
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from crm.dossiers.models import Channel, Dossier, EventDossier, Firm, Outcome, Purpose, Tier, Topic
from tests.factories.dossiers import DossierFactory, EventFactory, topic

pytestmark = pytest.mark.django_db


def refused(constraint, write, **values):
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        write(**values)
    return constraint in str(caught.value)


def test_a_record_has_a_title():
    assert refused("dossier_has_a_title", DossierFactory, title="")


def test_a_record_is_not_its_own_parent():
    dossier = DossierFactory()
    with pytest.raises(IntegrityError, match="dossier_not_its_own_parent"), transaction.atomic():
        Dossier.objects.filter(pk=dossier.pk).update(parent=dossier)


def test_a_touch_point_stands_alone():
    values = {"kind": Dossier.Kind.TOUCH_POINT, "parent": DossierFactory()}
    assert refused("dossier_touch_point_stands_alone", DossierFactory, **values)


def test_an_event_lies_once_on_a_record():
    dossier = DossierFactory()
    event = EventFactory(dossiers=[dossier])
    with pytest.raises(IntegrityError), transaction.atomic():
        EventDossier.objects.create(event=event, dossier=dossier, happened_at=event.happened_at)


def test_a_record_with_history_cannot_be_deleted():
    event = EventFactory(dossiers=[DossierFactory()])
    with pytest.raises(ProtectedError):
        Dossier.objects.filter(pk=event.home_id).delete()


def test_an_outcome_cannot_settle_and_try_again_at_once():
    values = {"code": "both", "name": "Both", "keeps_promise": True, "asks_retry": True}
    assert refused("outcome_keeps_or_retries", Outcome.objects.create, **values)


@pytest.mark.parametrize("model", [Topic, Tier, Channel, Purpose, Outcome])
def test_a_word_has_a_code_of_its_own(model):
    code = model.objects.values_list("code", flat=True)[0]
    with pytest.raises(IntegrityError), transaction.atomic():
        model.objects.create(code=code, name="Again")


def test_the_firm_is_one_row():
    assert Firm.objects.count() == 1
    assert refused("firm_is_one_row", Firm.objects.create, id=2)


def test_the_shipped_words_are_there_in_their_order():
    assert [t.code for t in Topic.objects.in_use()] == [
        "general", "commercial", "technical", "delivery", "billing", "support",
    ]  # fmt: skip
    assert [t.code for t in Tier.objects.in_use()] == ["a", "b", "c"]
    assert Channel.objects.in_use().count() == 11
    assert [o.code for o in Outcome.objects.in_use().for_channel("phone")] == [
        "reached", "no_answer", "left_message", "call_back", "resolved", "wrong_number", "missed",
    ]  # fmt: skip


def test_a_retired_word_is_no_longer_offered_and_still_there():
    Topic.objects.filter(code="delivery").update(retired_at="2026-01-01T00:00Z")
    assert "delivery" not in [t.code for t in Topic.objects.in_use()]
    assert topic("delivery").label == "Delivery"
