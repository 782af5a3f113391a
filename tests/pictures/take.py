"""Takes the README's pictures (`make pictures`), of the demo data at a fixed moment. No test of the suite."""

import re
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from crm.commitments.auditing import auditor
from crm.commitments.mail import mails
from crm.commitments.models import Commitment, Policy
from crm.commitments.planning import planner
from crm.dossiers.models import Dossier
from crm.handovers.models import Handover
from crm.outbox import sender
from crm.outbox.models import Message
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
    ("owed", "matteo", "/owed/{Call Loredana about the framework price}/", ""),
    ("policy", "teresa", "/admin/commitments/policy/{First answer}/change/", ""),
    ("engine", "teresa", "/engine/", ""),
]
MAIL, MAILED = "mail", "Call Loredana about the framework price"


@pytest.mark.browser
def test_take_the_pictures(page, database, clock, sink, settings, tmp_path):
    clock.freeze(MOMENT)
    call_command("demo", sign_ins=tmp_path / "sign-ins.txt", stdout=StringIO())
    planner.sweep()
    settings.EMAIL_PORT = sink.port
    sender.sweep()
    auditor.sweep()
    page.set_viewport_size({"width": 1280, "height": 800})
    for name, who, where, keys in PICTURES:
        sign_in(page, User.objects.get(email__startswith=who))
        page.goto(re.sub(r"\{(.+?)\}", number_of, where), wait_until="networkidle")
        for key in keys.split():
            page.keyboard.press(key)
            page.wait_for_timeout(600)  # milliseconds, for the panel to arrive
        page.screenshot(path=FOLDER / f"{name}.png")
    page.set_viewport_size({"width": 640, "height": 640})
    page.goto("about:blank")  # a mail brings its own styles
    page.set_content(mail_about(MAILED))
    page.screenshot(path=FOLDER / f"{MAIL}.png")


def mail_about(title: str) -> str:
    """Return the page of the mail about something owed."""
    message = Message.objects.filter(channel="email", notifications__commitment__title=title).order_by("pk")[0]
    said = list(message.notifications.select_related("commitment", "dossier"))
    return mails.compose(message, said).html


def number_of(name: re.Match[str]) -> str:
    """Return the number of the record, person or team with this name, of what is owed or the policy of that name,
    or of the handover in this state."""
    for found in (
        Dossier.objects.filter(title=name[1]),
        PointOfContact.objects.filter(name=name[1]),
        Handover.objects.filter(state=name[1]),
        Commitment.objects.filter(title=name[1]),
        Policy.objects.filter(name=name[1]),
    ):
        if found:
            return str(found[0].pk)
    raise LookupError(name[1])
