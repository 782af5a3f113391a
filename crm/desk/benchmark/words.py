"""The ids of what the migrations ship, by code: what is loaded refers to it."""

from __future__ import annotations

from collections import defaultdict

from django.contrib.auth.models import Group

from contacts.models import ContactRole
from crm.commitments.models import Kind
from crm.commitments.policy import policies
from crm.desk.benchmark import firm
from crm.dossiers.models import Channel, Outcome, Purpose, Tier, Topic
from crm.poc.models import PointOfContact
from interactions.models import TouchPoint


def read() -> firm.Words:
    """Read the house's own words, and whoever is there from the start."""
    outcomes: dict[str, list[firm.Outcome]] = defaultdict(list)
    for row in Outcome.objects.in_use().prefetch_related("channels"):
        for channel in row.channels.all():
            outcomes[channel.code].append(firm.Outcome(row.pk, row.name, row.is_inbound_only, row.is_touch))
    return firm.Words(
        topics=dict(Topic.objects.in_use().values_list("code", "pk")),
        tiers=list(Tier.objects.in_use().values_list("pk", flat=True)),
        roles=list(ContactRole.objects.in_use().values_list("pk", flat=True)),
        groups=dict(Group.objects.values_list("name", "pk")),
        versions={case.kind: v.pk for case, v in policies.current(map(policies.Case, Kind.values)).items()},
        channels={c.code: firm.Channel(c.pk, c.name, c.icon, c.verb) for c in Channel.objects.in_use()},
        outcomes=dict(outcomes),
        purposes=[firm.Purpose(p.pk, p.name, p.wants_resolution) for p in Purpose.objects.in_use()],
        house=PointOfContact.objects.house().values_list("pk", flat=True).get(),
        stranger=TouchPoint.objects.values_list("pk", flat=True).get(is_default=True),
    )
