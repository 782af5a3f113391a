"""How somebody is told: one's own wishes, and those of a team's mailbox or a person for whoever manages them."""

from __future__ import annotations

import re
from datetime import time
from typing import Any

from django.http import Http404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from crm.commitments.telling.preferring import GROUPS, TIMES, Way, prefer_some, wishes_of
from crm.core.rest.fields import BIGGEST_ID, Input, NamedSerializer
from crm.core.rest.views import Door
from crm.poc.models import PointOfContact
from crm.poc.preferences import NoticePreference
from crm.poc.recipients import reach

CLOCK = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")


class AnswersForNothing(NotFound):
    default_code = "answers_for_nothing"
    default_detail = _("You answer for nothing here: an administrator can make you a point of contact.")


@extend_schema_field({"type": "string", "pattern": f"^{CLOCK.pattern}$", "example": "08:30"})
class ClockField(serializers.Field):
    """A time of day, to the minute."""

    default_error_messages = {"invalid": _("Write a time of day as 08:30, from 00:00 to 23:59.")}

    def to_internal_value(self, data: Any) -> time:
        if not isinstance(data, str) or not CLOCK.fullmatch(data):
            self.fail("invalid")
        return time.fromisoformat(data)

    def to_representation(self, value: time) -> str:
        return f"{value:%H:%M}"


class WayField(serializers.ChoiceField):
    """How a group of notices comes by mail."""

    def __init__(self, **options: Any) -> None:
        super().__init__(Way.choices, **options)

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str) or data not in Way.values:
            known = ", ".join(Way.values)
            raise ValidationError(_("Choose one of: %(known)s") % {"known": known}, code="invalid_choice")
        return data


def _ways(**options: Any) -> dict[str, serializers.Field]:
    """A way for each group of notices."""
    return {group: WayField(help_text=f"{label}: {what}", **options) for group, (label, what) in GROUPS.items()}


class WaysSerializer(serializers.Serializer):
    """How each group of notices comes by mail; the inbox has all of them. Other notices always come at once."""

    def get_fields(self) -> dict[str, serializers.Field]:
        return _ways()


class WaysInput(Input):
    """What changes about how groups of notices come by mail."""

    def get_fields(self) -> dict[str, serializers.Field]:
        return _ways(required=False)


class NoticesSerializer(serializers.Serializer):
    """How somebody is told. Times are in their zone."""

    poc = NamedSerializer()
    address = serializers.CharField(help_text="Where mails go; empty: everything stands on My day only.")
    zone = serializers.CharField()
    by_email = WaysSerializer()
    digest_at = ClockField(help_text="When the daily digest comes.")
    quiet_from = ClockField(allow_null=True, help_text="No mails from then; urgent ones come all the same.")
    quiet_until = ClockField(allow_null=True, help_text="Before `quiet_from`: on the next day. Both or neither.")


class NoticesInput(Input):
    """What changes about how somebody is told."""

    by_email = WaysInput(required=False)
    digest_at = ClockField(required=False)
    quiet_from = ClockField(required=False, allow_null=True)
    quiet_until = ClockField(required=False, allow_null=True)


class NoticesDoor(Door):
    """What both views share: what is shown, and what changes."""

    action = "notices"

    def shown(self, poc: PointOfContact, wishes: NoticePreference) -> Response:
        reader = reach([poc.pk])[poc.pk]
        ways = {group: wishes.by_email.get(group, Way.AT_ONCE.value) for group in GROUPS}
        times = {name: getattr(wishes, name) for name in TIMES}
        data = {"poc": poc, "address": reader.address, "zone": reader.zone, "by_email": ways, **times}
        return Response(NoticesSerializer(data).data)

    def changed(self, poc: PointOfContact) -> Response:
        values = self.read(NoticesInput)
        by_email = values.pop("by_email", {})
        return self.shown(poc, prefer_some(poc=poc, by_email=by_email, times=values, by=self.by, at=self.at))


class MyNoticesView(NoticesDoor, APIView):
    """How one is told oneself."""

    @extend_schema(operation_id="my_notices", responses=NoticesSerializer)
    def get(self, request: Request) -> Response:
        """Say how one is told."""
        poc = self._me()
        return self.shown(poc, wishes_of(poc))

    @extend_schema(operation_id="change_my_notices", request=NoticesInput, responses=NoticesSerializer)
    def patch(self, request: Request) -> Response:
        """Be told so from now on; what is left out stays. Escalations and alarms always come at once."""
        return self.changed(self._me())

    def _me(self) -> PointOfContact:
        poc = PointOfContact.objects.of_user(self.request.user).active().select_related("preference").first()
        if poc is None:
            raise AnswersForNothing
        return poc


class PocNoticesView(NoticesDoor, APIView):
    """How a person is told, or a team's mailbox: for those who manage points of contact."""

    queryset = PointOfContact.objects.all()
    acts_on = {"notices": (PointOfContact, "change")}  # to read it too

    @extend_schema(operation_id="notices_of_a_poc", responses=NoticesSerializer)
    def get(self, request: Request, id: int) -> Response:
        """Say how somebody is told."""
        poc = self._named(id)
        return self.shown(poc, wishes_of(poc))

    @extend_schema(operation_id="change_notices_of_a_poc", request=NoticesInput, responses=NoticesSerializer)
    def patch(self, request: Request, id: int) -> Response:
        """Let somebody be told so from now on; what is left out stays."""
        return self.changed(self._named(id))

    def _named(self, pk: int) -> PointOfContact:
        active = PointOfContact.objects.active().select_related("preference")
        poc = active.filter(pk=pk).first() if pk <= BIGGEST_ID else None
        if poc is None:
            raise Http404
        return poc
