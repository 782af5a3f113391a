"""Mails and inbox entries, to be read in the administration: what became of each, and why."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from crm.core.admin_base import Section
from crm.desk.administration import ReadAdmin
from crm.outbox.models import Message


@admin.register(Message)
class MessageAdmin(ReadAdmin):
    section = Section.OWED
    place = 30
    search_fields = ("recipient__name_key",)
    list_display = ("created_at", "recipient", "channel", "address", "state", "n_attempts", "ended_at", "reply")
    list_filter = ("state", "channel")
    list_select_related = ("recipient",)
    ordering = ("-pk",)
    fields = (
        "msgid", "created_at", "recipient", "channel", "address", "state", "reason", "n_attempts", "n_ambiguous",
        "ended_at", "read_at", "reply",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        return super().get_queryset(request).select_related("recipient")

    def found(self, term: str) -> Q:
        return super().found(term) | Q(address__contains=term.lower())

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields
