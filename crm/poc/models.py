"""Who answers: points of contact, their hours and absences, and what they answer for."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.core.constraints import EQUAL, OVERLAPS, PERIOD, ExclusionOnPostgres
from crm.dossiers.models import Dossier, Topic
from crm.poc.preferences import NoticePreference as NoticePreference  # models of this app
from crm.poc.share_links import ShareLink as ShareLink

if TYPE_CHECKING:
    from crm.users.models import User

PRIMARY = 0  # the rank of the one who answers; 1, 2 … are the backups in their order


MANAGES = "poc.change_pointofcontact"  # account managers and administrators


class PeriodQuerySet(models.QuerySet[Any]):
    """Rows that count from `starts_at` until before `ends_at`; a null end is open."""

    def at(self, moment: datetime | Any) -> Self:
        """Narrow to the rows that count at `moment`."""
        return self.filter(Q(ends_at=None) | Q(ends_at__gt=moment), starts_at__lte=moment)

    def overlapping(self, starts_at: datetime, ends_at: datetime | None) -> Self:
        """Narrow to the rows that share a moment with the half-open period given."""
        rows = self.filter(Q(ends_at=None) | Q(ends_at__gt=starts_at)).exclude(starts_at=F("ends_at"))
        return rows.filter(starts_at__lt=ends_at) if ends_at else rows


class WorkingCalendar(models.Model):
    """When somebody works: weekly hours and the days that differ, in one time zone."""

    name = models.CharField(pgettext_lazy("thing", "name"), max_length=100, unique=True)
    zone = models.CharField(_("time zone"), max_length=64)
    version = models.PositiveIntegerField(default=1, editable=False)  # bumped by every change; caches hang on it
    is_default = models.BooleanField(_("the house's own"), default=False)
    country = models.CharField(_("public holidays of"), max_length=2, blank=True)  # ISO 3166-1
    region = models.CharField(_("region"), max_length=10, blank=True)  # ISO 3166-2, without the country

    class Meta:
        verbose_name = _("working calendar")
        verbose_name_plural = _("working calendars")
        constraints = [
            models.UniqueConstraint(fields=["is_default"], condition=Q(is_default=True), name="calendar_one_default")
        ]

    def __str__(self) -> str:
        return self.name


class CalendarHours(models.Model):
    """One interval of an ordinary week; a day may have several."""

    calendar = models.ForeignKey(WorkingCalendar, models.CASCADE, related_name="hours", verbose_name=_("calendar"))
    weekday = models.PositiveSmallIntegerField(_("weekday"), choices=[
        (0, _("Monday")), (1, _("Tuesday")), (2, _("Wednesday")), (3, _("Thursday")),
        (4, _("Friday")), (5, _("Saturday")), (6, _("Sunday")),
    ])  # fmt: skip
    starts = models.TimeField(_("from"))
    ends = models.TimeField(_("until"))  # 00:00 is the end of the day

    class Meta:
        verbose_name = _("working hours")
        verbose_name_plural = _("working hours")
        constraints = [
            models.CheckConstraint(condition=Q(weekday__lte=6), name="hours_on_a_weekday"),
            models.CheckConstraint(condition=Q(ends__gt=F("starts")) | Q(ends="00:00"), name="hours_end_after_start"),
            models.UniqueConstraint(fields=["calendar", "weekday", "starts"], name="hours_start_once_a_day"),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.starts:%H:%M}–{self.ends:%H:%M}"


class CalendarException(models.Model):
    """A day that differs: closed (both times empty) or with this interval; a day may have several."""

    class Source(models.TextChoices):
        OWN = "own", _("entered")
        HOLIDAY = "holiday", _("public holiday")

    calendar = models.ForeignKey(WorkingCalendar, models.CASCADE, related_name="exceptions", verbose_name=_("calendar"))
    day = models.DateField(_("day"))
    name = models.CharField(pgettext_lazy("thing", "name"), max_length=100, blank=True)
    starts = models.TimeField(_("from"), null=True, blank=True)
    ends = models.TimeField(_("until"), null=True, blank=True)
    source = models.CharField(max_length=8, choices=Source, default=Source.OWN)
    is_confirmed = models.BooleanField(_("confirmed"), default=True)

    class Meta:
        verbose_name = _("day that differs")
        verbose_name_plural = _("days that differ")
        constraints = [
            models.CheckConstraint(
                condition=Q(starts=None, ends=None)
                | Q(starts__isnull=False, ends__isnull=False) & (Q(ends__gt=F("starts")) | Q(ends="00:00")),
                name="exception_closed_or_an_interval",
            ),
            models.UniqueConstraint(fields=["calendar", "day", "starts"], name="exception_start_once_a_day"),
            models.UniqueConstraint(
                fields=["calendar", "day"], condition=Q(starts=None), name="exception_closed_once_a_day"
            ),
        ]

    def __str__(self) -> str:
        """The day, the hours it is open in (none: closed), its name; two that read alike are alike."""
        hours = f"{self.starts:%H:%M}–{self.ends:%H:%M}" if self.starts is not None and self.ends is not None else ""
        doubt = "" if self.is_confirmed else f"({_('not confirmed')})"
        return " ".join(filter(None, (f"{self.day:%Y-%m-%d}", hours, self.name, doubt)))


class PointOfContactQuerySet(models.QuerySet["PointOfContact"]):
    def active(self) -> Self:
        """Narrow to those who still answer."""
        return self.filter(deactivated_at=None)

    def house(self) -> Self:
        """Narrow to the front desk, the one that answers when nobody else does."""
        return self.filter(is_house=True)

    def people(self) -> Self:
        return self.filter(kind=PointOfContact.Kind.PERSON)

    def teams(self) -> Self:
        return self.filter(kind=PointOfContact.Kind.TEAM)

    def of_user(self, user: User) -> Self:
        """Narrow to the person `user` is."""
        return self.filter(user=user)

    def cared_for_by(self, user: User) -> Self:
        """Narrow to those in whose own matters `user` may act: their own, those they lead; a manager all."""
        if user.has_perm(MANAGES):
            return self
        led = Membership.objects.filter(team__lead__user=user).values("member")
        return self.filter(Q(user=user) | Q(lead__user=user) | Q(home_team__lead__user=user) | Q(pk__in=led))

    def for_list(self) -> Self:
        """Load what a row or an API item shows, in one query."""
        return self.select_related("home_team", "lead", "calendar", "user").order_by("name_key", "pk")

    def with_members(self) -> Self:
        """Annotate `has_members`: a team with at least one active person."""
        members = Membership.objects.filter(team=OuterRef("pk"), member__deactivated_at=None)
        return self.annotate(has_members=Exists(members))


class PointOfContact(models.Model):
    """A person or a team on our side who answers.

    A person may be a user and has a home team; a team has members, a lead, perhaps a shared
    mailbox. Deactivated, never deleted. One row is the front desk: it answers when nobody else does.
    """

    class Kind(models.TextChoices):
        PERSON = "person", _("person")
        TEAM = "team", _("team")

    class Delivery(models.TextChoices):
        ON_DUTY = "on_duty", _("whoever is on duty")
        ALL = "all", _("all members")
        MAILBOX = "mailbox", _("the shared mailbox")

    kind = models.CharField(_("kind"), max_length=6, choices=Kind)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="poc", verbose_name=_("user")
    )
    home_team = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="at_home", verbose_name=_("home team")
    )
    lead = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="leads", verbose_name=_("lead")
    )
    calendar = models.ForeignKey(
        WorkingCalendar, models.PROTECT, null=True, blank=True, verbose_name=_("working calendar")
    )  # null: the home team's, else the house's
    name = models.CharField(_("name"), max_length=150)
    name_key = models.CharField(max_length=150, editable=False)
    email = models.EmailField(_("e-mail"), blank=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    languages = models.CharField(_("speaks"), max_length=200, blank=True)
    zone = models.CharField(_("time zone"), max_length=64, blank=True)
    delivery = models.CharField(_("who in the team is told"), max_length=8, choices=Delivery, default=Delivery.ON_DUTY)
    is_house = models.BooleanField(_("front desk"), default=False, editable=False)
    deactivated_at = models.DateTimeField(_("no longer answers"), null=True, blank=True)
    refused_address = models.CharField(_("refused address"), max_length=254, blank=True, editable=False)
    refused_at = models.DateTimeField(_("refused"), null=True, editable=False)  # for good, by a mail server
    source = models.CharField(max_length=40, blank=True, editable=False)
    external_id = models.CharField(max_length=100, blank=True, editable=False)

    objects = PointOfContactQuerySet.as_manager()

    class Meta:
        verbose_name = _("point of contact")
        verbose_name_plural = _("points of contact")
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="poc_has_a_name"),
            models.UniqueConstraint(fields=["is_house"], condition=Q(is_house=True), name="poc_one_front_desk"),
            models.CheckConstraint(condition=~Q(is_house=True, kind="person"), name="poc_front_desk_is_a_team"),
            models.CheckConstraint(
                condition=Q(is_house=False) | Q(deactivated_at=None), name="poc_front_desk_stays_active"
            ),
            models.CheckConstraint(condition=Q(kind="person") | Q(user=None), name="poc_team_is_no_user"),
            models.CheckConstraint(condition=Q(kind="person") | Q(home_team=None), name="poc_team_has_no_home_team"),
            models.CheckConstraint(condition=Q(kind="team") | Q(lead=None), name="poc_only_a_team_has_a_lead"),
            models.CheckConstraint(
                condition=~Q(delivery="mailbox") | ~Q(email=""), name="poc_shared_mailbox_has_an_address"
            ),
            models.UniqueConstraint(
                fields=["source", "external_id"], condition=~Q(external_id=""), name="poc_external_id_once"
            ),
        ]
        indexes = [models.Index(fields=["name_key", "id"], name="poc_by_name")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_team(self) -> bool:
        return self.kind == self.Kind.TEAM


class Membership(models.Model):
    """A person in a team."""

    team = models.ForeignKey(PointOfContact, models.CASCADE, related_name="memberships", verbose_name=_("team"))
    member = models.ForeignKey(PointOfContact, models.CASCADE, related_name="teams", verbose_name=_("member"))

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            models.UniqueConstraint(fields=["team", "member"], name="membership_once"),
            models.CheckConstraint(condition=~Q(team=F("member")), name="membership_not_in_itself"),
        ]

    def __str__(self) -> str:
        return f"{self.member_id} in {self.team_id}"


class AbsenceQuerySet(PeriodQuerySet):
    def whole(self) -> Self:
        """Narrow to those from everything, not from one topic."""
        return self.filter(topic=None)

    def to_sum_up(self, at: datetime) -> Self:
        """Narrow to those that are over and of which nobody was told; not those backed off after a failure."""
        return self.filter(Q(sum_up_after=None) | Q(sum_up_after__lte=at), summed_up_at=None, ends_at__lte=at)

    def for_list(self) -> Self:
        """Load what a row or an API item shows, in one query."""
        return self.select_related("poc", "cover", "topic")


class Absence(models.Model):
    """A POC is away from `starts_at` until before `ends_at`, covered by another; per topic if wanted."""

    poc = models.ForeignKey(PointOfContact, models.PROTECT, related_name="absences", verbose_name=_("who is away"))
    topic = models.ForeignKey(Topic, models.PROTECT, null=True, blank=True, verbose_name=_("about"))  # null: all
    cover = models.ForeignKey(
        PointOfContact, models.PROTECT, null=True, blank=True, related_name="covers", verbose_name=_("covered by")
    )
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"))
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    entered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    summed_up_at = models.DateTimeField(null=True, editable=False)  # when who was away was told what happened
    sum_up_errors = models.PositiveSmallIntegerField(default=0, editable=False)
    sum_up_after = models.DateTimeField(null=True, editable=False)  # not before: it failed

    objects = AbsenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("absence")
        verbose_name_plural = _("absences")
        constraints = [
            ExclusionOnPostgres(
                name="absence_one_at_a_time",
                expressions=[("poc", EQUAL), (Coalesce("topic", 0), EQUAL), (PERIOD, OVERLAPS)],
            ),
            models.CheckConstraint(condition=Q(ends_at__gte=F("starts_at")), name="absence_ends_not_before_start"),
            models.CheckConstraint(condition=~Q(poc=F("cover")), name="absence_not_covered_by_oneself"),
        ]
        indexes = [
            models.Index(fields=["ends_at"], name="absence_by_end"),  # Read by resolve: who is away now.
            # Read by every sweep: who has come back and was not told yet; stays tiny.
            models.Index(fields=["ends_at"], condition=Q(summed_up_at=None), name="absence_to_sum_up"),
        ]

    def __str__(self) -> str:
        return f"{self.poc_id} {self.starts_at:%Y-%m-%d}–{self.ends_at:%Y-%m-%d}"


class AssignmentQuerySet(PeriodQuerySet):
    def on(self, dossier: Dossier | int) -> Self:
        return self.filter(dossier=dossier)

    def primary(self) -> Self:
        """Narrow to those who answer, not their backups."""
        return self.filter(rank=PRIMARY)

    def held_by(self, poc_ids: list[int]) -> Self:
        return self.filter(poc__one_of=poc_ids)

    def for_list(self) -> Self:
        """Load what a row or an API item shows, in one query."""
        return self.select_related("dossier", "topic", "poc", "decided_by")


class Assignment(models.Model):
    """One POC answering for one dossier on one topic, at one rank, over a period.

    Periods are half-open: `starts_at` counts, `ends_at` does not. A row is never edited to
    change the POC; it is ended and a new one begins, so ended rows are the history.
    """

    dossier = models.ForeignKey(Dossier, models.PROTECT, related_name="assignments", verbose_name=_("record"))
    topic = models.ForeignKey(Topic, models.PROTECT, verbose_name=_("about"))
    poc = models.ForeignKey(PointOfContact, models.PROTECT, related_name="assignments", verbose_name=_("who answers"))
    rank = models.PositiveSmallIntegerField(_("place"), default=PRIMARY)
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("decided by")
    )

    objects = AssignmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("who answers for what")
        verbose_name_plural = _("who answers for what")
        constraints = [
            ExclusionOnPostgres(  # a future end and an open row may not overlap either
                name="assignment_one_holder_at_a_time",
                expressions=[("dossier", EQUAL), ("topic", EQUAL), ("rank", EQUAL), (PERIOD, OVERLAPS)],
            ),
            models.UniqueConstraint(
                fields=["dossier", "topic", "rank"], condition=Q(ends_at=None), name="assignment_one_open_holder"
            ),
            models.CheckConstraint(
                condition=Q(ends_at=None) | Q(ends_at__gte=F("starts_at")),
                name="assignment_ends_not_before_start",  # equal: withdrawn before it began
            ),
        ]
        indexes = [
            models.Index(fields=["dossier", "topic", "rank", "starts_at"], name="assignment_of_a_dossier"),
            # Read by the API's list, the latest change first.
            models.Index(fields=["starts_at", "id"], name="assignment_by_start"),
            # Read by "mine", the gaps and who may see what.
            models.Index(fields=["poc"], condition=Q(ends_at=None), name="assignment_open_of_a_poc"),
        ]

    def __str__(self) -> str:
        return f"{self.poc_id} for {self.dossier_id} on {self.topic_id}"


class GrantQuerySet(models.QuerySet["Grant"]):
    def at(self, moment: datetime | Any) -> Self:
        """Narrow to those that open something at `moment`."""
        return self.filter(Q(ended_at=None) | Q(ended_at__gt=moment))


class Grant(models.Model):
    """A POC was told about something in this home, so it may be opened; ends with its cause, perhaps later.

    `cause` is a key: `c:<id>` a commitment, `a:<id>` an assignment, `h:<id>` a handover, `e:<id>` a mention.
    """

    poc = models.ForeignKey(PointOfContact, models.PROTECT, related_name="grants")
    home = models.ForeignKey(Dossier, models.PROTECT, related_name="+")
    cause = models.CharField(max_length=60)
    ended_at = models.DateTimeField(null=True)

    objects = GrantQuerySet.as_manager()

    class Meta:
        verbose_name = _("grant")
        verbose_name_plural = _("grants")
        constraints = [models.UniqueConstraint(fields=["poc", "home", "cause"], name="grant_once_per_cause")]
        indexes = [
            models.Index(fields=["poc", "ended_at"], name="grant_of_a_poc"),  # Read by who may see what.
            models.Index(fields=["cause"], name="grant_by_cause"),  # Read when a cause ends.
        ]

    def __str__(self) -> str:
        return f"{self.poc_id}: {self.home_id} ({self.cause})"
