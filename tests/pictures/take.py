"""Takes the README's pictures (`make pictures`), of the demo data at a fixed moment. No test of the suite."""

import re
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from crm.dossiers.models import Dossier
from crm.handovers.models import Handover
from crm.poc.models import PointOfContact
from crm.users.models import User
from tests.browser import sign_in

FOLDER = Path(__file__).parent
MOMENT = datetime(2026, 11, 30, 14, 15, tzinfo=UTC)
PICTURES = [  # name, who looks, where, what to press there
    ("my-day", "lucia", "/", ""),
    ("account", "matteo", "/d/{Officine Frigorifere Bellandi S.p.A.}/", ""),
    ("project", "rodrigo", "/d/{Vaccine fridges, 14 pharmacies}/", ""),
    ("quick-log", "matteo", "/d/{Officine Frigorifere Bellandi S.p.A.}/", "c 1 2"),
    ("who-answers", "sofia", "/who/?q=bellandi+billing", ""),
    ("admin", "matteo", "/admin/accounts/account/", ""),
    ("card", "sofia", "/pocs/{Beate Kühnel}/", ""),
    ("handover", "matteo", "/handovers/{offered}/", ""),
    ("gaps", "teresa", "/gaps/", ""),
    ("history", "matteo", "/d/{Officine Frigorifere Bellandi S.p.A.}/history/", ""),
]


@pytest.mark.browser
def test_take_the_pictures(page, database, clock, tmp_path):
    clock.freeze(MOMENT)
    call_command("demo", sign_ins=tmp_path / "sign-ins.txt", stdout=StringIO())
    page.set_viewport_size({"width": 1280, "height": 800})
    for name, who, where, keys in PICTURES:
        sign_in(page, User.objects.get(email__startswith=who))
        page.goto(re.sub(r"\{(.+?)\}", number_of, where), wait_until="networkidle")
        for key in keys.split():
            page.keyboard.press(key)
            page.wait_for_timeout(600)  # milliseconds, for the panel to arrive
        page.screenshot(path=FOLDER / f"{name}.png")


def number_of(name: re.Match[str]) -> str:
    """Return the number of the record, person or team with this name, or of the handover in this state."""
    for found in (
        Dossier.objects.filter(title=name[1]),
        PointOfContact.objects.filter(name=name[1]),
        Handover.objects.filter(state=name[1]),
    ):
        if found:
            return str(found[0].pk)
    raise LookupError(name[1])
