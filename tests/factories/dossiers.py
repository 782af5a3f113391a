"""Records, events and the shipped words."""

from typing import Any

import factory
from factory.django import DjangoModelFactory

from crm.core.actor import Source
from crm.core.text import search_key
from crm.dossiers.models import (
    Channel,
    Dossier,
    Event,
    EventDossier,
    EventPersonal,
    Outcome,
    Purpose,
    Tier,
    Topic,
)
from tests.factories import AT


def topic(code: str = Topic.GENERAL) -> Topic:
    """Return a shipped topic: general, commercial, technical, delivery, billing, support."""
    return Topic.objects.get(code=code)


def tier(code: str = "a") -> Tier:
    """Return a shipped tier: a, b, c."""
    return Tier.objects.get(code=code)


def channel(code: str = "phone") -> Channel:
    return Channel.objects.get(code=code)


def purpose(code: str = "inquiry") -> Purpose:
    return Purpose.objects.get(code=code)


def outcome(code: str = "reached") -> Outcome:
    return Outcome.objects.get(code=code)


class DossierFactory(DjangoModelFactory[Dossier]):
    """A record without the row of its kind; its home is its parent's, or itself (as for every account)."""

    class Meta:
        model = Dossier

    kind = Dossier.Kind.ACCOUNT
    title = factory.Sequence(lambda n: f"Record {n:04}")
    title_key = factory.LazyAttribute(lambda d: search_key(d.title))

    @classmethod
    def _create(cls, model_class: type[Dossier], *args: Any, **kwargs: Any) -> Dossier:
        parent = kwargs.get("parent")
        if "home" not in kwargs and parent and kwargs["kind"] != Dossier.Kind.ACCOUNT:
            kwargs["home"] = parent.home
        dossier = super()._create(model_class, *args, **kwargs)
        if dossier.home_id is None:
            dossier.home = dossier
            dossier.save(update_fields=["home"])
        return dossier


class EventFactory(DjangoModelFactory[Event]):
    """Something that happened to `dossiers` (a list, the first one's home counts); `values` are personal."""

    class Meta:
        model = Event
        skip_postgeneration_save = True

    kind = Event.Kind.CREATED
    happened_at = AT
    recorded_at = factory.SelfAttribute("happened_at")
    source = Source.PAGE

    @factory.post_generation
    def dossiers(event: Event, create: bool, extracted: list[Dossier] | None, **kwargs: Any) -> None:  # noqa: N805
        for dossier in extracted or []:
            EventDossier.objects.create(event=event, dossier=dossier, happened_at=event.happened_at)
        if extracted and event.home_id is None:
            event.home_id = extracted[0].home_id
            event.save(update_fields=["home"])

    @factory.post_generation
    def values(event: Event, create: bool, extracted: dict[str, Any] | None, **kwargs: Any) -> None:  # noqa: N805
        if extracted:
            EventPersonal.objects.create(event=event, values=extracted)
