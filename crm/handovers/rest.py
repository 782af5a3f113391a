"""Archiving and restoring, for the view sets of accounts, contacts and projects."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from crm.core.rest.fields import Input, RecordField
from crm.handovers.archiving import archive_many
from crm.handovers.restoring import restore
from crm.poc.visibility import visible_dossiers

CANCEL, MOVE = "cancel", "move"


def current_records(user: Any) -> Any:
    return visible_dossiers(user).current()


class ArchiveInput(Input):
    """What becomes of what is open; only what there is must be said."""

    owed = serializers.ChoiceField(
        [CANCEL, MOVE], required=False, help_text="What is owed: cancelled with `reason`, or owed on `move_to`."
    )
    move_to = RecordField(current_records, required=False, help_text="An account, contact or project.")
    along = serializers.BooleanField(default=False, help_text="What belongs to it is archived along.")
    reason = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        """Turn what was said into what the action takes."""
        owed = values.pop("owed", None)
        if owed == MOVE and "move_to" not in values:
            raise serializers.ValidationError(
                {"move_to": self.fields["move_to"].error_messages["required"]}, "required"
            )
        target = values.pop("move_to", None)
        return values | {"settle": owed == CANCEL, "move_to": target if owed == MOVE else None}


class Archivable:
    """Mixed into view sets of records; refusals that only want a word are 422, the others 409."""

    conflicts = frozenset({"still_owed", "has_records", "handover_waits", "parent_archived", "merged_away"})

    @extend_schema(request=ArchiveInput)
    @action(detail=True, methods=["post"])
    def archive(self, request: Request, id: int) -> Response:
        """Take it out of lists, with what becomes of what is open. Done already: nothing happens."""
        row = self.get_object()  # type: ignore[attr-defined]
        said = self.read(ArchiveInput)  # type: ignore[attr-defined]
        archive_many(dossiers=[row.dossier], **said, by=self.by, at=self.at)  # type: ignore[attr-defined]
        return self.again(row)  # type: ignore[attr-defined,no-any-return]

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def restore(self, request: Request, id: int) -> Response:
        """Bring it back, with what was archived along and who answered. Current: nothing happens."""
        row = self.get_object()  # type: ignore[attr-defined]
        restore(dossier=row.dossier, by=self.by, at=self.at)  # type: ignore[attr-defined]
        return self.again(row)  # type: ignore[attr-defined,no-any-return]
