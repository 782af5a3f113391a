"""Share links: who outside is shown a card, or who to contact."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import DateTimeField, QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Account
from crm.core.clock import Now
from crm.core.paging import Order
from crm.core.rest.fields import Input, MomentField, NamedSerializer, RecordField
from crm.core.rest.filters import FlagFilter, IdFilter
from crm.core.rest.permissions import TokenAllows
from crm.core.rest.views import RecordViewSet
from crm.dossiers.rest import RecordSerializer
from crm.poc import feeds, sharing
from crm.poc.models import ShareLink
from crm.poc.sharing import Field
from crm.users.models import ApiToken
from projects.models import Project


def shareable_accounts(user: Any) -> Any:
    rows = Account.objects.visible_to(user).current().select_related("dossier")
    return rows if user.has_perm("accounts.change_account") else rows.none()


def shareable_projects(user: Any) -> Any:
    rows = Project.objects.visible_to(user).current().select_related("dossier")
    return rows if user.has_perm("projects.change_project") else rows.none()


class ShareLinkSerializer(serializers.ModelSerializer):
    """A page for somebody outside, or one's own calendar of what is owed, without signing in.

    Its address is not kept: it is told when the link is made.
    """

    kind = serializers.ChoiceField(ShareLink.Kind.choices)
    poc = NamedSerializer(allow_null=True, help_text="Whose card it is.")
    record = RecordSerializer(source="dossier", allow_null=True, help_text="For what it says who to contact.")
    shown = serializers.ListField(child=serializers.ChoiceField(Field.choices), help_text="What the page says.")
    created_by = NamedSerializer(allow_null=True)
    created_at = MomentField()
    expires_at = MomentField()
    revoked_at = MomentField(allow_null=True)
    opened = serializers.IntegerField(help_text="The minutes in which somebody opened it.")
    opened_at = MomentField(allow_null=True, help_text="When it was opened last.")

    class Meta:
        model = ShareLink
        fields = (
            "id", "kind", "poc", "record", "label", "shown", "language", "prefix", "created_by", "created_at",
            "expires_at", "revoked_at", "opened", "opened_at",
        )  # fmt: skip


class MadeShareLinkSerializer(ShareLinkSerializer):
    """A link that was just made, with what nobody can show again."""

    address = serializers.URLField(help_text="Where the page is: to be given to whom it is for. Only told here.")

    class Meta(ShareLinkSerializer.Meta):
        fields = (*ShareLinkSerializer.Meta.fields, "address")


class ShareLinkInput(Input):
    """What is shared with somebody outside: exactly one card, account or project."""

    default_error_messages = {"one_subject": _("Name exactly one of poc, account and project.")}

    poc = RecordField(sharing.cared_for, required=False)
    account = RecordField(shareable_accounts, required=False)
    project = RecordField(shareable_projects, required=False)
    label = serializers.CharField(max_length=sharing.LABEL, required=False, allow_blank=True)
    shown = serializers.MultipleChoiceField(
        choices=Field.choices, default=lambda: set(sharing.USUALLY_SHOWN), help_text="What the page says."
    )
    language = serializers.ChoiceField(
        ShareLink._meta.get_field("language").choices, required=False, help_text="Left out: the firm's."
    )
    expires_at = MomentField(required=False, allow_null=True, help_text="Left out: in 90 days; in two years at most.")

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        """Turn what was named into what the action takes."""
        named = [values.pop(kind) for kind in ("poc", "account", "project") if kind in values]
        if len(named) != 1:
            self.fail("one_subject")
        return values | {"of": getattr(named[0], "dossier", named[0])}


class FeedInput(Input):
    """What one's own calendar of what is owed says."""

    with_names = serializers.BooleanField(default=True, help_text="False: it says that something is due, and not what.")


class ShareLinkFilterSet(django_filters.FilterSet):
    """Narrows share links."""

    poc = IdFilter("poc_id", help_text="Of this card.")
    record = IdFilter("dossier_id", help_text="Of this account or project.")
    open = FlagFilter(method="that_open", help_text="Neither expired nor revoked.")

    class Meta:
        model = ShareLink
        fields: list[str] = []

    def that_open(self, rows: QuerySet[Any], name: str, wanted: bool) -> QuerySet[Any]:
        opening = {"revoked_at": None, "expires_at__gt": Now()}
        return rows.filter(**opening) if wanted else rows.exclude(**opening)


class ShareLinkViewSet(RecordViewSet):
    """Pages that somebody outside may open, of cards and records that one may share; and one's own calendar."""

    queryset = ShareLink.objects.all()
    permission_classes = (IsAuthenticated, TokenAllows)  # whose card it is decides, not the role alone
    serializer_class = ShareLinkSerializer
    filterset_class = ShareLinkFilterSet
    orders = {"created_at": Order("created_at", DateTimeField())}
    ordering = "-created_at"

    def get_queryset(self) -> Any:
        return sharing.links_of(self.request.user)

    @extend_schema(request=ShareLinkInput, responses={201: MadeShareLinkSerializer})
    def create(self, request: Request) -> Response:
        """Share a card, or who to contact. The page's address is told this once."""
        link, secret = sharing.share(**self.read(ShareLinkInput), by=self.by, at=self.at)
        return self._made(link, sharing.address(secret))

    @extend_schema(request=FeedInput, responses={201: MadeShareLinkSerializer})
    @action(detail=False, methods=["post"])
    def calendar(self, request: Request) -> Response:
        """Make the link to one's own calendar of what is owed, ending the one before. Its address is told this once."""
        may_read = request.auth is None or ApiToken.Scope.READ in request.auth.scopes
        if not (may_read and request.user.has_perm(feeds.VIEWS)):  # it gives what it may not read itself to nobody
            self.permission_denied(request)
        link, secret = feeds.make_feed(user=request.user, **self.read(FeedInput), by=self.by, at=self.at)
        return self._made(link, feeds.feed_address(secret))

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, id: int) -> Response:
        """Let a link open nothing any more. Revoked already: nothing happens."""
        link = self.get_object()
        sharing.unshare(link=link, by=self.by, at=self.at)
        return self.again(link)

    def _made(self, link: ShareLink, address: str) -> Response:
        response = self.created(link)
        response.data["address"] = address
        response["Cache-Control"] = "no-store"
        return response
