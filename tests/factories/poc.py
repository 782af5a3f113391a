"""Points of contact, their hours, and what they answer for."""

from datetime import time, timedelta
from typing import Any

import factory
from factory.django import DjangoModelFactory

from crm.core.text import search_key
from crm.poc.models import (
    Absence,
    Assignment,
    CalendarHours,
    Grant,
    Membership,
    PointOfContact,
    ShareLink,
    WorkingCalendar,
)
from crm.poc.sharing import Field
from crm.users.tokens import digest
from tests.factories import AT, LONG_AGO
from tests.factories.dossiers import DossierFactory, topic
from tests.factories.users import UserFactory


def front_desk() -> PointOfContact:
    """Return the shipped POC that answers when nobody else does."""
    return PointOfContact.objects.house().get()


class CalendarFactory(DjangoModelFactory[WorkingCalendar]):
    """A calendar without hours; `nine_to_six=True` gives it Monday to Friday."""

    class Meta:
        model = WorkingCalendar
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"Calendar {n}")
    zone = "UTC"
    version = factory.Sequence(lambda n: 1000 * (n + 1))  # processes remember calendars by id and version

    @factory.post_generation
    def nine_to_six(calendar: WorkingCalendar, create: bool, extracted: bool, **kwargs: Any) -> None:  # noqa: N805
        if extracted:
            CalendarHours.objects.bulk_create(
                CalendarHours(calendar=calendar, weekday=day, starts=time(9), ends=time(18)) for day in range(5)
            )


class PersonFactory(DjangoModelFactory[PointOfContact]):
    """A person who answers; `signs_in=True` makes them a user too."""

    class Meta:
        model = PointOfContact

    class Params:
        signs_in = factory.Trait(user=factory.SubFactory(UserFactory, name=factory.SelfAttribute("..name")))

    kind = PointOfContact.Kind.PERSON
    name = factory.Sequence(lambda n: f"Person {n:04}")
    name_key = factory.LazyAttribute(lambda p: search_key(p.name))
    email = factory.Sequence(lambda n: f"person{n}@firm.example")


class TeamFactory(DjangoModelFactory[PointOfContact]):
    """A team; `members=[…]` are people in it, `lead=` another POC. Empty by default: then it cannot answer."""

    class Meta:
        model = PointOfContact
        skip_postgeneration_save = True

    kind = PointOfContact.Kind.TEAM
    name = factory.Sequence(lambda n: f"Team {n:04}")
    name_key = factory.LazyAttribute(lambda p: search_key(p.name))

    @factory.post_generation
    def members(team: PointOfContact, create: bool, extracted: list[PointOfContact], **kwargs: Any) -> None:  # noqa: N805
        Membership.objects.bulk_create(Membership(team=team, member=member) for member in extracted or [])


class MembershipFactory(DjangoModelFactory[Membership]):
    class Meta:
        model = Membership

    team = factory.SubFactory(TeamFactory)
    member = factory.SubFactory(PersonFactory)


class AbsenceFactory(DjangoModelFactory[Absence]):
    """Somebody away on the day of `AT`, from everything, covered by nobody."""

    class Meta:
        model = Absence

    poc = factory.SubFactory(PersonFactory)
    starts_at = AT - timedelta(days=1)
    ends_at = AT + timedelta(days=1)


class AssignmentFactory(DjangoModelFactory[Assignment]):
    """Somebody who answers on *general*, since long ago and still."""

    class Meta:
        model = Assignment

    dossier = factory.SubFactory(DossierFactory)
    topic = factory.LazyFunction(topic)
    poc = factory.SubFactory(PersonFactory)
    starts_at = LONG_AGO


class GrantFactory(DjangoModelFactory[Grant]):
    class Meta:
        model = Grant

    poc = factory.SubFactory(PersonFactory)
    home = factory.SubFactory(DossierFactory)
    cause = factory.Sequence(lambda n: f"c:{n}")


class ShareLinkFactory(DjangoModelFactory[ShareLink]):
    """A link to somebody's card that shows everything, made on the day of `AT`; `secret` is what opens it.

    `dossier=` shares who to contact for a record instead.
    """

    class Meta:
        model = ShareLink
        exclude = ("secret",)

    secret = factory.Sequence(lambda n: f"secret-{n}")
    kind = factory.LazyAttribute(lambda link: "record" if link.dossier else "card")
    dossier = None
    poc = factory.Maybe("dossier", None, factory.SubFactory(PersonFactory))
    shown = factory.LazyFunction(lambda: list(Field.values))
    prefix = factory.LazyAttribute(lambda link: link.secret[:6])
    digest = factory.LazyAttribute(lambda link: digest(link.secret))
    created_at = AT - timedelta(days=1)
    expires_at = AT + timedelta(days=90)
