"""The key that a client gives a request, so that the request is done once however often it is sent."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace

from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request

from crm.core.actor import Actor, Asked

HEADER = "Idempotency-Key"
LONGEST = 255
TOO_LONG = _("The key has at most 255 characters.")
NAMESPACE = uuid.UUID("6f2b7f0e-6c55-4a4e-9c43-5a5a5d1c8a11")  # of keys that are no UUIDs
KEY_HEADER = OpenApiParameter(
    HEADER, OpenApiTypes.STR, OpenApiParameter.HEADER,
    description="Chosen by you, 255 characters at most: a request that is sent again with the same key is done once.",
)  # fmt: skip


def key_in_header(request: Request, *, field: str = HEADER) -> uuid.UUID | None:
    """Return the key of a request: its UUID, or one made of whoever asks and what they wrote.

    :raises ValidationError: it is too long; `field` names it.
    """
    text = request.headers.get(HEADER, "").strip().strip('"')
    if not text:
        return None
    if len(text) > LONGEST:
        raise ValidationError({field: ErrorDetail(TOO_LONG, "max_length")})
    try:
        return uuid.UUID(text)
    except ValueError:
        return uuid.uuid5(NAMESPACE, f"{request.user.pk}:{text}")


class Keyed:
    """For view sets whose acts take a key: whoever acts brings the request, and what they record keeps it.

    Before the view set in its bases; the acts ask `crm.dossiers.once` what was done before.
    """

    request: Request
    conflicts = frozenset({"key_taken"})
    field_names = {"client_key": HEADER}

    @cached_property
    def by(self) -> Actor:
        by: Actor = super().by  # type: ignore[misc]
        key = key_in_header(self.request)
        return replace(by, asked=Asked(key, self._what(key))) if key else by

    def _what(self, key: uuid.UUID) -> str:
        """What is asked for, so short that only the very same request has it: not readable, and no secret."""
        body = json.dumps(self.request.data, sort_keys=True)
        return uuid.uuid5(key, f"{self.request.method} {self.request.path} {body}").hex
