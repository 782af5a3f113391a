"""Who signs in."""

from typing import Any

import factory
from django.contrib.auth.models import Group
from factory.django import DjangoModelFactory

from crm.core.actor import Actor, Source
from crm.users import roles
from crm.users.models import RoleScope, User
from tests.factories import LONG_AGO


class UserFactory(DjangoModelFactory[User]):
    """Somebody who signs in with the password given (none by default); `role="sales_rep"` puts them in that group."""

    class Meta:
        model = User

    class Params:
        administrator = factory.Trait(name="Ada Admin", is_staff=True, role=roles.ADMINISTRATOR)
        account_manager = factory.Trait(is_staff=True, role=roles.ACCOUNT_MANAGER)
        superuser = factory.Trait(is_staff=True, is_superuser=True)

    email = factory.Sequence(lambda n: f"user{n}@firm.example")
    name = factory.Sequence(lambda n: f"User {n}")
    password = "!"  # none fits
    joined_at = LONG_AGO
    role = ""

    @classmethod
    def _create(cls, model_class: type[User], *args: Any, **kwargs: Any) -> User:
        password, role = kwargs.pop("password"), kwargs.pop("role")
        user = model_class(**kwargs)
        if password == "!":
            user.set_unusable_password()
        else:
            user.set_password(password)
        user.save()
        if role:
            user.groups.add(Group.objects.get(name=role))
        return user


def narrow(role: str, sees: str) -> None:
    """Let a role see less: `RoleScope.Sees.TEAM` or `OWN` (or ALL again)."""
    RoleScope.objects.update_or_create(group=Group.objects.get(name=role), defaults={"sees": sees})


def actor(user: User | None = None, source: str = Source.PAGE) -> Actor:
    """Return somebody who acts: `user`, or a new one."""
    return Actor(user or UserFactory(), source)
