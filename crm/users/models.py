"""Who signs in."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import Group, PermissionsMixin
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.core.clock import Now, now
from crm.users.roles import LABELS


class UserManager(BaseUserManager["User"]):
    """Makes users; the commands of Django use it."""

    use_in_migrations = True

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Make a user; without a password they must ask for one by mail."""
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.joined_at = fields.get("joined_at") or now()
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Make a user who may do everything."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email=(username or "").lower())


class User(AbstractBaseUser, PermissionsMixin):
    """Somebody of the firm who signs in, with their e-mail address. Deactivated, never deleted."""

    email = models.EmailField(_("e-mail"), unique=True)
    name = models.CharField(_("name"), max_length=150)
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True)  # empty: the firm's
    has_keys = models.BooleanField(_("single-letter keys"), default=True)
    is_staff = models.BooleanField(_("may open the administration"), default=False)
    is_active = models.BooleanField(_("active"), default=True)
    joined_at = models.DateTimeField(_("joined"))

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [
            models.UniqueConstraint(Lower("email"), name="user_email_once_whatever_the_case"),
            models.CheckConstraint(condition=~Q(name=""), name="user_has_a_name"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name.split(" ")[0]


class Role(Group):
    """A group, as our pages call it and name it."""

    class Meta:
        proxy = True
        verbose_name = _("role")
        verbose_name_plural = _("roles")

    def __str__(self) -> str:
        return str(LABELS.get(self.name, self.name))


class RoleScope(models.Model):
    """How much of the house's records a role sees. A role without a row sees all."""

    class Sees(models.TextChoices):
        ALL = "all", _("everything")
        TEAM = "team", _("what their teams answer for")
        OWN = "own", _("what they answer for")

    group = models.OneToOneField(Group, models.CASCADE, related_name="scope", verbose_name=_("role"))
    sees = models.CharField(_("sees"), max_length=4, choices=Sees, default=Sees.ALL)

    class Meta:
        verbose_name = _("what a role sees")
        verbose_name_plural = _("what roles see")

    def __str__(self) -> str:
        return f"{self.group}: {self.get_sees_display()}"


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def valid(self) -> Self:
        """Narrow to those that open the API now: neither revoked nor expired, of somebody who is active."""
        return self.filter(
            Q(expires_at=None) | Q(expires_at__gt=Now()), revoked_at=None, user__is_active=True
        )  # fmt: skip

    def of_user(self, user: User) -> Self:
        return self.filter(user=user)


class ApiToken(models.Model):
    """A key to the API, with its owner's rights, narrowed by its scopes.

    Only the SHA-256 of its 256-bit secret is kept; `prefix` is shown, to know it by. It outlives
    its end: events name it.
    """

    class Scope(models.TextChoices):
        READ = "read", _("read everything its owner may see")
        WRITE = "write", _("change everything its owner may change")
        RESOLVE = "resolve", _("ask who answers")
        LOG = "log", _("log interactions")

    user = models.ForeignKey(User, models.PROTECT, related_name="api_tokens", verbose_name=_("user"))
    name = models.CharField(pgettext_lazy("thing", "name"), max_length=100)
    prefix = models.CharField(_("begins with"), max_length=12)
    digest = models.CharField(max_length=64, unique=True)  # hexadecimal
    scopes = models.JSONField(_("may"), default=list)
    created_at = models.DateTimeField(_("made"))
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)  # null: never
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)  # written at most once a minute
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")
        constraints = [models.CheckConstraint(condition=~Q(name=""), name="token_has_a_name")]

    def __str__(self) -> str:
        return self.name

    @property
    def scope_labels(self) -> list[str]:
        return [str(self.Scope(scope).label) for scope in self.scopes]
