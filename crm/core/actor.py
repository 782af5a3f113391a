"""Who does something, and through which door."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self
from uuid import UUID

from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.http import HttpRequest

    from crm.users.models import User


class Source(models.TextChoices):
    """The door an act came through."""

    PAGE = "page", _("page")
    ADMIN = "admin", _("administration")
    API = "api", _("API")
    TASK = "task", _("automatic")
    IMPORT = "import", _("import")
    SYSTEM = "system", _("system")
    MAIL = "mail", _("link in a mail")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request whose client chose a key for it, so that a repeat is known; `what` tells it from any other request."""

    key: UUID
    what: str


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts (None: nobody signed in, the product itself), through which door, with which API token.

    `name` is whose mailbox acted, where nobody signs in there. `asked` is the request, where it has a key.
    """

    user: User | None
    source: str = Source.PAGE
    token_id: int | None = None
    name: str = ""
    asked: Asked | None = None

    @classmethod
    def system(cls, source: str = Source.SYSTEM) -> Self:
        """The product itself: workers, migrations, imports without a user."""
        return cls(user=None, source=source)

    @classmethod
    def of(cls, request: HttpRequest, source: str = Source.PAGE) -> Self:
        """Whoever is signed in on this request."""
        return cls(user=request.user, source=source)  # type: ignore[arg-type]

    @property
    def user_id(self) -> int | None:
        return self.user.pk if self.user else None
