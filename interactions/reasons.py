"""Why somebody answered at the moment of a touch, as it was written down then."""

from __future__ import annotations

from datetime import datetime

from crm.poc.decide import Answer, Reason
from interactions.models import Interaction


def answer_of(interaction: Interaction) -> Answer:
    """Return the answer kept with an interaction: who, and the reasons; not who would have been next."""
    reasons = []
    for values in interaction.poc_why:
        until = datetime.fromisoformat(values["until"]) if values.get("until") else None
        reasons.append(Reason(**(values | {"until": until})))
    return Answer(poc_id=interaction.poc_id, reasons=tuple(reasons))
