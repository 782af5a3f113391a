"""Leaving and staying, for the view set of those who answer."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from crm.core.rest.fields import Input, MomentField, NamedSerializer, RecordField
from crm.handovers import held
from crm.handovers.held import Group
from crm.handovers.leaving import Choices, leave
from crm.handovers.staying import UNDO_FOR, can_stay, last_left, stay
from crm.poc.models import PointOfContact

KEPT_KINDS = ("place", "owed", "lead", "member", "cover", "handover")
SCOPES = ("change_pointofcontact", "change_assignment")


def all_pocs(user: Any) -> Any:
    return PointOfContact.objects.all()  # one who answers no more is refused by the act, and said so


class AboutSerializer(serializers.Serializer):
    """How much of a group is about one topic."""

    topic = serializers.CharField()
    count = serializers.IntegerField()


class HeldSerializer(serializers.Serializer):
    """One group of what somebody answers for."""

    group = serializers.ChoiceField(Group.choices)
    count = serializers.IntegerField()
    about = AboutSerializer(many=True)


class SuggestedSerializer(serializers.Serializer):
    """Somebody who could follow, and why."""

    poc = NamedSerializer()
    why = serializers.ChoiceField([held.BACKUP, held.HOME_TEAM, held.LEAD])
    count = serializers.IntegerField(help_text="Of how many places they are the backup.")


class LeavingSerializer(serializers.Serializer):
    """All that somebody answers for; of whoever has left, until when that can be undone."""

    groups = HeldSerializer(many=True)
    handovers = serializers.IntegerField(help_text="Offered by or to them; withdrawn when they leave.")
    suggested = SuggestedSerializer(many=True)
    left_at = MomentField(allow_null=True)
    can_be_undone_until = MomentField(allow_null=True, help_text="Null: they have not left, or too long ago.")


class SuccessorsInput(Input):
    """Who follows, by group."""

    def get_fields(self) -> dict[str, Any]:
        return {group.value: RecordField(all_pocs, required=False) for group in Group}


class PlaceInput(Input):
    """One place that goes elsewhere than its group."""

    assignment = serializers.IntegerField(min_value=1)
    successor = RecordField(all_pocs, allow_null=True, help_text="Null: it is left open.")


class LeaveInput(Input):
    """Who follows in each group that holds something, or that it is left open."""

    default_error_messages = {"both": _("It cannot go to somebody and be left open: %(groups)s.")}

    reason = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")
    successor = RecordField(all_pocs, required=False, help_text="For every group that says nothing else.")
    successors = SuccessorsInput(required=False)
    leave_open = serializers.ListField(child=serializers.ChoiceField(Group.choices), required=False, default=list)
    places = PlaceInput(many=True, required=False, help_text="Assignments by id that go elsewhere than their group.")
    ends_sign_in = serializers.BooleanField(default=False, help_text="Their user cannot sign in any more either.")

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        """Turn what was said into what the act takes."""
        groups = values.pop("successors", {})
        both = sorted(set(groups) & set(values["leave_open"]))
        if both:
            message = self.error_messages["both"] % {"groups": ", ".join(both)}
            raise serializers.ValidationError({"leave_open": message}, "both")
        rest = dict.fromkeys(Group.values, values.pop("successor")) if "successor" in values else {}
        rows = {f"a{place['assignment']}": place["successor"] for place in values.pop("places", [])}
        choices = Choices(rest | dict(groups) | dict.fromkeys(values.pop("leave_open")), rows)
        return values | {"choices": choices}


class KeptSerializer(serializers.Serializer):
    """Something that somebody changed since, and that stays as it is."""

    kind = serializers.ChoiceField(KEPT_KINDS)
    name = serializers.CharField()


class StayedSerializer(serializers.Serializer):
    """What an undone leaving restored."""

    restored = serializers.IntegerField()
    kept = KeptSerializer(many=True)


class Leaving:
    """Mixed into the view set of those who answer: GET shows what is held, POST lets somebody leave."""

    leaving_fields = {group.value: f"successors.{group.value}" for group in Group} | {"groups": "ends_sign_in"}

    @extend_schema(methods=["GET"], responses=LeavingSerializer)
    @extend_schema(methods=["POST"], request=LeaveInput, responses=LeavingSerializer)
    @action(detail=True, methods=["get", "post"], url_path="leave", filterset_class=None, pagination_class=None)
    def leave(self, request: Request, id: int) -> Response:
        """Let somebody answer no longer, and others in all their places. Done already: nothing happens."""
        poc: PointOfContact = self.get_object()  # type: ignore[attr-defined]
        self._refuse_others(request)
        if request.method == "POST":
            said = self.read(LeaveInput)  # type: ignore[attr-defined]
            if said["ends_sign_in"] and not request.user.has_perm("users.change_user"):
                raise PermissionDenied
            leave(poc=poc, **said, by=self.by, at=self.at)  # type: ignore[attr-defined]
        return Response(LeavingSerializer(self._held(poc)).data)

    @extend_schema(request=None, responses=StayedSerializer)
    @action(detail=True, methods=["post"])
    def stay(self, request: Request, id: int) -> Response:
        """Undo that somebody left, within 24 hours; what was changed since stays. Done already: nothing happens."""
        poc = self.get_object()  # type: ignore[attr-defined]
        self._refuse_others(request)
        stayed = stay(poc=poc, by=self.by, at=self.at)  # type: ignore[attr-defined]
        return Response(StayedSerializer({"restored": stayed.n_restored, "kept": stayed.kept}).data)

    def _refuse_others(self, request: Request) -> None:
        if not all(request.user.has_perm(f"poc.{name}") for name in SCOPES):
            raise PermissionDenied

    def _held(self, poc: PointOfContact) -> dict[str, Any]:
        at = self.at  # type: ignore[attr-defined]
        left = last_left(poc)
        return {
            "groups": [
                {
                    "group": one.group,
                    "count": one.n,
                    "about": [{"topic": code, "count": n} for code, _name, n in one.about],
                }
                for one in held.count(poc, at=at)
            ],
            "handovers": held.handovers([poc.pk]).count(),
            "suggested": [{"poc": s.poc, "why": s.why, "count": s.n} for s in held.suggested(poc, at=at)],
            "left_at": left.happened_at if left else None,
            "can_be_undone_until": left.happened_at + UNDO_FOR if left and can_stay(left, at) else None,
        }
