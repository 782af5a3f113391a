"""Tell the whole story, in the order it happened."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from crm.desk.demo import conversations, handovers, house, present, records
from crm.desk.demo.people import DOMAIN
from crm.desk.demo.stage import Stage
from crm.users.models import User


@dataclass(frozen=True, slots=True)
class Told:
    """How to get in."""

    sign_ins: list[house.SignIn]
    token: str


def is_there() -> bool:
    """Say whether it was told before."""
    return User.objects.filter(email__endswith=f"@{DOMAIN}").exists()


@transaction.atomic
def build(*, at: datetime) -> Told:
    """Tell it, counted from `at`, into a database that nobody works in yet."""
    stage = Stage(at=at)
    sign_ins = house.found(stage)
    house.open_doors(stage)
    records.open_accounts(stage)
    records.meet_contacts(stage)
    records.begin_projects(stage)
    conversations.remember(stage)
    house.absences(stage)
    present.promise(stage)
    handovers.pass_on(stage)
    present.receive(stage)
    present.promise_updates(stage)
    return Told(sign_ins, house.token(stage))
