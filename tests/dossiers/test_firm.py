"""Saying who the house is."""

from datetime import timedelta

import pytest

from crm.core.refusals import UnknownZone
from crm.dossiers.actions import NameRequired
from crm.dossiers.firm import set_up
from crm.dossiers.models import Event, Firm
from tests.factories import AT
from tests.factories.users import actor

pytestmark = pytest.mark.django_db

HOUSE = {"name": "Adega Azul", "country": "PT", "zone": "Europe/Lisbon", "language": "en"}


def test_the_house_is_set_up_once_and_changed_later():
    set_up(**HOUSE, by=actor(), at=AT)
    set_up(**HOUSE | {"name": "Adega Verde"}, by=actor(), at=AT + timedelta(days=1))
    firm = Firm.objects.get()
    assert (firm.name, firm.zone, firm.country.code, firm.set_up_at) == ("Adega Verde", "Europe/Lisbon", "PT", AT)
    assert Event.objects.order_by("-pk")[0].facts["changes"] == {"name": ["Adega Azul", "Adega Verde"]}


@pytest.mark.parametrize(("values", "refusal"), [({"name": ""}, NameRequired), ({"zone": "Mars/Base"}, UnknownZone)])
def test_what_makes_no_sense_is_refused(values, refusal):
    with pytest.raises(refusal):
        set_up(**HOUSE | values, by=actor(), at=AT)
    assert Firm.objects.get().set_up_at is None
