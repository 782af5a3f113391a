"""Handovers. Tests of what the acts do open them by `offer`; rows are for the rest."""

import factory
from factory.django import DjangoModelFactory

from crm.handovers.models import BriefingPart, Handover
from tests.factories import AT
from tests.factories.dossiers import DossierFactory
from tests.factories.poc import PersonFactory

BRIEFING = {
    "context": "Four cold stores.", "people": "Ms Lima decides.", "promises": "A certificate by Wednesday.",
    "risks": "The gateway.", "next_90_days": "An offer in December.",
}  # fmt: skip


def part(code: str = "context") -> BriefingPart:
    """Return a shipped part of a briefing: context, people, promises, risks, next_90_days."""
    return BriefingPart.objects.get(code=code)


class HandoverFactory(DjangoModelFactory[Handover]):
    """A handover that is proposed, without a receiver; `is_offered=True` waits for an answer since `AT`."""

    class Meta:
        model = Handover

    class Params:
        is_offered = factory.Trait(
            state=Handover.State.OFFERED,
            receiver=factory.SubFactory(PersonFactory),
            offered_at=AT,
            reason="Moves to Berlin",
            briefing=[{"code": "context", "label": "Context", "text": "Four cold stores."}],
        )
        is_declined = factory.Trait(
            is_offered=True, state=Handover.State.DECLINED, decided_at=AT, decline_reason="Too much"
        )

    dossier = factory.SubFactory(DossierFactory)
    giver = factory.SubFactory(PersonFactory)
    opened_at = AT
