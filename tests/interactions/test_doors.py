"""Opening the doors people come through."""

import pytest

from crm.dossiers.actions import NameRequired
from crm.dossiers.models import Event
from interactions.doors import open_touch_point
from tests.factories import AT
from tests.factories.dossiers import channel
from tests.factories.users import actor

pytestmark = pytest.mark.django_db


def test_a_door_is_a_record_of_its_own():
    door = open_touch_point(name="Hotline", channel=channel(), address=" 210 000 000 ", by=actor(), at=AT)
    assert (door.name, door.address, door.dossier.home) == ("Hotline", "210 000 000", door.dossier)
    assert Event.objects.get().home == door.dossier


def test_a_door_has_a_name():
    with pytest.raises(NameRequired):
        open_touch_point(name="", channel=channel(), by=actor(), at=AT)
