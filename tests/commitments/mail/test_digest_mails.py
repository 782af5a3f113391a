"""Many things told in one mail: what comes first, the way out of it, and how long it may be."""

import re

from crm.commitments.models import Commitment, Notification
from crm.outbox import letters, sender
from tests.commitments.conftest import moment
from tests.commitments.mail.conftest import bodies, first_mail


def digest(house, post, n=7, **values):
    for k in range(n):
        house.promise(title=f"Call {k:02}", **values)
    return first_mail(house, post)


def test_a_digest_can_be_switched_off_by_the_mail_program(house, post):
    mail = digest(house, post)
    assert mail["List-Id"] == f"Liaison <digest.{letters.domain()}>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert re.fullmatch(r"<https://crm.example/o/fewer/[\w.-]+/>", mail["List-Unsubscribe"])
    assert mail["References"] is None
    assert b"\r\nList-Unsubscribe: <https://crm.example" in b"\r\n" + post.mails[0].content  # in one piece


def test_a_digest_of_what_cannot_be_switched_off_offers_no_way_out(house, post):
    for k in range(7):
        house.promise(title=f"Call {k:02}")
    Notification.objects.all().delete()
    house.sweep_at("Tue 10:00")
    Notification.objects.update(kind="escalation")
    sender.sweep()
    mail = post.mails[0].message
    assert mail["List-Id"] and mail["List-Unsubscribe"] is None


def test_a_digest_puts_the_most_pressing_first_each_with_its_links(house, post):
    house.promise(title="Late", due_at=moment("Tue 08:00"), at=moment("Mon 09:30"))
    for k in range(6):
        house.promise(title=f"Call {k:02}")
    mail = first_mail(house, post)
    text, html = bodies(post.mails[0])
    assert mail["Subject"] == "7 things need you"
    assert text.index("Overdue") < text.index("Late") < text.index("Coming up") < text.index("Call 00")
    assert len(re.findall("https://crm.example/o/", text)) == len(re.findall('"https://crm.example/o/', html)) == 7 * 4


def test_the_longest_digest_is_shown_whole_by_mail_programs(house, post, known):
    known(account="Ж" * 60, contact="Щ" * 60, roles=["Ж" * 30], phone="+351 21 555 0123")
    house.ann.user.language = "ru"
    house.ann.user.save()
    digest(house, post, n=60, poc=house.ann)
    Commitment.objects.update(title="Ю" * 200)
    html = bodies(post.mails[0])[1]
    assert len(html.encode()) < 102_000  # beyond that the largest provider cuts
