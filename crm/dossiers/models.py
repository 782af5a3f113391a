"""The records everything hangs on, what happened to them, and the house's own words."""

from __future__ import annotations

from typing import Self, TypeVar

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from django_countries.fields import CountryField

from crm.core.actor import Source

W = TypeVar("W", bound="Word")
MAX_PARENTS = 5  # how far up "who answers" looks


class DossierQuerySet(models.QuerySet["Dossier"]):
    def current(self) -> Self:
        """Narrow to what is not archived."""
        return self.filter(archived_at=None)

    def within(self, homes: list[int] | None) -> Self:
        """Narrow to the homes a user may see, as `visible_homes` gives them (None: all)."""
        return self if homes is None else self.filter(home__among=homes)


class Dossier(models.Model):
    """Where everything about one account, contact, project or touch point is kept.

    It is the record's primary key, so an id is an id across kinds. `home` is the account's
    dossier, or itself where there is no account; it decides who may see what.
    """

    class Kind(models.TextChoices):
        ACCOUNT = "account", _("account")
        CONTACT = "contact", _("contact")
        PROJECT = "project", _("project")
        TOUCH_POINT = "touch_point", _("touch point")

    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("belongs to")
    )
    home = models.ForeignKey("self", models.PROTECT, null=True, related_name="+")  # null only while it is being filed
    tier = models.ForeignKey("Tier", models.PROTECT, null=True, blank=True, verbose_name=_("tier"))
    title = models.CharField(pgettext_lazy("thing", "name"), max_length=200)
    title_key = models.CharField(max_length=200)  # crm.core.text.search_key(title): sorted and searched by
    archived_at = models.DateTimeField(_("archived"), null=True, blank=True)

    objects = DossierQuerySet.as_manager()

    class Meta:
        verbose_name = _("record")
        verbose_name_plural = _("records")
        constraints = [
            models.CheckConstraint(condition=~Q(title=""), name="dossier_has_a_title"),
            models.CheckConstraint(condition=Q(parent=None) | ~Q(parent=F("id")), name="dossier_not_its_own_parent"),
            models.CheckConstraint(
                condition=~Q(kind="touch_point") | Q(parent=None), name="dossier_touch_point_stands_alone"
            ),
        ]
        indexes = [
            # Read by every list sorted by name, and by the look-up.
            models.Index(fields=["kind", "title_key", "id"], name="dossier_by_title"),
            models.Index(fields=["home", "kind"], name="dossier_by_home"),
            # Read by who may see what: accounts below another, and merged into another. Few.
            models.Index(
                fields=["parent", "id"],
                condition=Q(kind="account", parent__isnull=False),
                name="dossier_account_below",
            ),
            models.Index(
                fields=["home", "id"],
                condition=Q(kind="account") & (Q(home__lt=F("id")) | Q(home__gt=F("id"))),
                name="dossier_account_merged",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("record", args=[self.pk])


class Event(models.Model):
    """Something happened: the timeline, the audit trail and the source of webhooks. Append-only.

    `facts` holds codes, ids and old → new; what is personal lies in `EventPersonal`, so that
    erasure can blank it and leave the fact.
    """

    class Kind(models.TextChoices):
        CREATED = "created", _("created")
        CHANGED = "changed", _("changed")
        ARCHIVED = "archived", _("archived")
        RESTORED = "restored", _("restored")
        MERGED = "merged", _("merged")
        UNMERGED = "unmerged", _("merge undone")
        ASSIGNED = "assigned", _("who answers changed")
        UNASSIGNED = "unassigned", _("nobody answers any more")
        HANDOVER_PROPOSED = "handover_proposed", _("handover proposed")
        HANDOVER_OFFERED = "handover_offered", _("handover offered")
        HANDOVER_ACCEPTED = "handover_accepted", _("handover accepted")
        HANDOVER_DECLINED = "handover_declined", _("handover declined")
        HANDOVER_WITHDRAWN = "handover_withdrawn", _("handover withdrawn")
        LEFT = "left", _("left")
        STAYED = "stayed", _("leaving undone")
        SHARED = "shared", _("shared with the customer")
        UNSHARED = "unshared", _("no longer shared")
        ABSENCE_SET = "absence_set", _("absence entered")
        ABSENCE_ENDED = "absence_ended", _("absence ended")
        PASSED_ON = "passed_on", _("passed on")
        RETURNED = "returned", _("returned")
        LOGGED = "logged", _("logged")
        WITHDRAWN = "withdrawn", _("undone")
        OWED = "owed", _("promised")
        ACKNOWLEDGED = "acknowledged", _("acknowledged")
        SNOOZED = "snoozed", _("snoozed")
        WAITING = "waiting", _("waiting for the customer")
        RESUMED = "resumed", _("no longer waiting")
        REDUE = "redue", _("due moment changed")
        REASSIGNED = "reassigned", _("given to somebody else")
        KEPT = "kept", _("done")
        REOPENED = "reopened", _("owed again")
        CANCELLED = "cancelled", _("cancelled")
        ESCALATED = "escalated", _("escalated")
        RELEASED = "released", _("planned again")

    kind = models.CharField(max_length=20, choices=Kind)
    happened_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    token = models.BigIntegerField(null=True)  # the API token's id: it outlives the token
    source = models.CharField(max_length=8, choices=Source)
    home = models.ForeignKey(Dossier, models.PROTECT, null=True, related_name="+")
    facts = models.JSONField(default=dict)
    client_key = models.UUIDField(null=True)  # chosen by the client: a repeat of its request is this event

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        constraints = [
            models.UniqueConstraint(
                fields=["client_key"], condition=Q(client_key__isnull=False), name="event_once_per_client_key"
            )
        ]
        indexes = [
            # Read by the history of what is no record: people, teams, words, calendars. Few rows.
            models.Index(fields=["-happened_at", "-id"], condition=Q(home=None), name="event_of_no_record")
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.happened_at:%Y-%m-%d %H:%M}"


class EventPersonal(models.Model):
    """The names and notes of one event, apart, so that they can be blanked."""

    event = models.OneToOneField(Event, models.CASCADE, primary_key=True, related_name="personal")
    values = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.event_id}"


class EventDossier(models.Model):
    """One event on one dossier's timeline: read as one scan, newest first."""

    event = models.ForeignKey(Event, models.CASCADE, related_name="touched")
    dossier = models.ForeignKey(Dossier, models.PROTECT, related_name="+", db_index=False)
    happened_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["event", "dossier"], name="event_once_per_dossier")]
        indexes = [
            # The timeline: one keyset scan, as fast on the ten-thousandth entry as on the first.
            models.Index(fields=["dossier", "-happened_at", "-event"], name="timeline_newest_first")
        ]

    def __str__(self) -> str:
        return f"{self.event_id} → {self.dossier_id}"


class WordQuerySet(models.QuerySet[W]):
    def in_use(self) -> Self:
        """Narrow to the words offered in forms, in their order."""
        return self.filter(retired_at=None).order_by("position", "pk")


class Word(models.Model):
    """A row of the house's own vocabulary: shipped, renamed, added to and retired by administrators."""

    code = models.SlugField(_("code"), max_length=30, unique=True)
    name = models.CharField(pgettext_lazy("thing", "name"), max_length=60)
    position = models.PositiveSmallIntegerField(_("position"), default=100)
    retired_at = models.DateTimeField(_("no longer offered"), null=True, blank=True)

    objects = WordQuerySet.as_manager()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """The name in the reader's language, where it is one of the shipped ones; else as it was typed."""
        return gettext(self.name) if self.name else ""


class Topic(Word):
    """What a question is about; POCs are assigned per topic, *general* is the one asked last."""

    GENERAL = "general"

    class Meta:
        verbose_name = pgettext_lazy("topic", "about")
        verbose_name_plural = pgettext_lazy("topics", "about")


class Tier(Word):
    """How much a customer relationship asks for."""

    MOST_DAYS = 3650  # ten years: whoever asks for less often mistyped it, or does not ask at all

    touch_every_days = models.PositiveSmallIntegerField(
        _("keep in touch every … days"), null=True, blank=True, validators=[MaxValueValidator(MOST_DAYS)]
    )

    class Meta:
        verbose_name = _("tier")
        verbose_name_plural = _("tiers")
        constraints = [
            models.CheckConstraint(
                condition=Q(touch_every_days=None) | Q(touch_every_days__lte=3650), name="tier_touch_within_ten_years"
            )
        ]


class Channel(Word):
    """Through which medium a touch happened."""

    class Verb(models.TextChoices):
        CALL = "call", _("called")
        WRITE = "write", _("wrote")
        MEET = "meet", _("met")

    icon = models.SlugField(_("icon"), max_length=20, default="chat")
    verb = models.CharField(_("what one does there"), max_length=5, choices=Verb, default=Verb.WRITE)

    class Meta:
        verbose_name = _("channel")
        verbose_name_plural = _("channels")


class Purpose(Word):
    """Why somebody was in touch."""

    expects_answer = models.BooleanField(_("an inbound one expects an answer"), default=False)
    wants_resolution = models.BooleanField(_("wants a resolution"), default=False)
    tells_at_once = models.BooleanField(_("who answers is told at once"), default=False)

    class Meta:
        verbose_name = _("reason")
        verbose_name_plural = _("reasons")


class OutcomeQuerySet(WordQuerySet["Outcome"]):
    def for_channel(self, code: str) -> Self:
        """Narrow to those that make sense on the channel with this code."""
        return self.filter(channels__code=code)


class Outcome(Word):
    """How a touch went, per channel, and what follows from it."""

    channels = models.ManyToManyField(Channel, related_name="outcomes", verbose_name=_("channels"))
    is_inbound_only = models.BooleanField(_("only when they called"), default=False)
    is_touch = models.BooleanField(_("counts as a touch"), default=True)
    expects_answer = models.BooleanField(_("an answer is owed"), default=False)
    keeps_promise = models.BooleanField(_("settles what was owed"), default=False)
    is_final = models.BooleanField(_("nothing more is owed"), default=False)
    asks_retry = models.BooleanField(_("what was owed is tried again"), default=False)
    number_is_wrong = models.BooleanField(_("the number is wrong"), default=False)
    tells_at_once = models.BooleanField(_("who answers is told at once"), default=False)

    objects = OutcomeQuerySet.as_manager()

    class Meta:
        verbose_name = _("outcome")
        verbose_name_plural = _("outcomes")
        constraints = [
            models.CheckConstraint(condition=~Q(keeps_promise=True, asks_retry=True), name="outcome_keeps_or_retries")
        ]


class Firm(models.Model):
    """The house itself: one row. Its zone and country give the default working week and holidays."""

    ONLY = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=ONLY, editable=False)
    name = models.CharField(_("name of the firm"), max_length=200, blank=True)
    country = CountryField(_("country"), blank=True)
    zone = models.CharField(_("time zone"), max_length=64, default="UTC")
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES, default="en")
    set_up_at = models.DateTimeField(_("set up"), null=True, blank=True)  # null: the first page is the first-run page

    class Meta:
        verbose_name = _("firm")
        verbose_name_plural = _("firm")
        constraints = [models.CheckConstraint(condition=Q(id=1), name="firm_is_one_row")]

    def __str__(self) -> str:
        return self.name or gettext("Our firm")
