"""Every error of the API as `application/problem+json` (RFC 9457), in the caller's language."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation, ValidationError
from django.db import IntegrityError
from django.http import UnreadablePostError
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions, serializers, status
from rest_framework.response import Response
from rest_framework.views import exception_handler

from crm.core.refusals import Refused
from crm.core.rest.failures import MEDIA_TYPE

TITLES = {
    400: _("The request is not right"),
    401: _("Sign in first"),
    403: _("Not allowed"),
    404: _("Not found"),
    405: _("Not possible here"),
    406: _("No such format"),
    409: _("In conflict with what is there"),
    411: _("Length required"),
    412: _("Not as it was"),
    413: _("Too large"),
    415: _("No such format"),
    422: _("Refused"),
    429: _("Too many requests"),
}
BAD_VALUES = _("Some values are missing or wrong.")

logger = logging.getLogger(__name__)


class TooLarge(exceptions.APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"
    default_detail = _("The body is too large.")


class LengthRequired(exceptions.APIException):
    status_code = status.HTTP_411_LENGTH_REQUIRED
    default_code = "length_required"
    default_detail = _("Say how long the body is: send a Content-Length, not chunks.")


class NoSuchAddress(exceptions.NotFound):
    default_code = "no_such_address"
    default_detail = _("Nothing is at this address. Addresses of the API end in a slash.")


class Changed(exceptions.APIException):
    """The database refused what an action had let pass: somebody else was quicker."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "changed_meanwhile"
    default_detail = _("Somebody changed this at the same moment. Read it again, then repeat.")


class FieldProblemSerializer(serializers.Serializer):
    """One value that is wrong."""

    field = serializers.CharField(help_text="The field, as `follow_up.due_at`; empty: the request as a whole.")
    code = serializers.CharField(help_text="Stable, for programs.")
    detail = serializers.CharField(help_text="A sentence in the caller's language.")
    record = serializers.IntegerField(required=False, help_text="The record concerned, in an act on several.")


class ProblemSerializer(serializers.Serializer):
    """What went wrong: RFC 9457."""

    type = serializers.CharField(help_text="Always `about:blank`: `status` and `code` say what it is.")
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField(help_text="Stable, for programs.")
    detail = serializers.CharField(help_text="A sentence in the caller's language.")
    errors = FieldProblemSerializer(many=True, required=False)


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """Turn what a view raised into a problem; None for what is our own fault."""
    if isinstance(error, ValidationError):
        return _refusal(error, context)
    error = _known(error)
    response = exception_handler(error, context)
    if response is None:
        return None
    errors = list(_flat(response.data)) if isinstance(error, exceptions.ValidationError) else []
    detail = BAD_VALUES if errors else getattr(error, "detail", TITLES.get(response.status_code, ""))
    code = "bad_values" if errors else _code(error, response.status_code)
    return problem(response.status_code, code, detail, errors, headers=dict(response.items()))


def problem(
    code: int, name: str, detail: Any, errors: list[dict[str, Any]] | None = None, headers: dict[str, str] | None = None
) -> Response:
    """Answer with one problem; `name` is its stable code."""
    data: dict[str, Any] = {
        "type": "about:blank",
        "title": str(TITLES.get(code, HTTPStatus(code).phrase)),
        "status": code,
        "code": name,
        "detail": str(detail),
    }
    if errors:
        data["errors"] = errors
    kept = {key: value for key, value in (headers or {}).items() if key.lower() != "content-type"}
    return Response(data, status=code, headers=kept, content_type=MEDIA_TYPE)


def _refusal(error: ValidationError, context: dict[str, Any]) -> Response:
    """An action's no: 409 where the view says that it is in conflict with what is there, else 422."""
    code = getattr(error, "code", None) or "refused"
    view = context.get("view")
    field = getattr(view, "field_names", {}).get(error.field, error.field) if isinstance(error, Refused) else ""
    number = 409 if code in getattr(view, "conflicts", ()) else 422
    detail = " ".join(str(message) for message in error.messages)
    wrong: dict[str, Any] = {"field": field, "code": code, "detail": detail}
    if getattr(error, "record_id", None) is not None:
        wrong["record"] = error.record_id  # type: ignore[attr-defined]
    return problem(number, code, detail, [wrong])


def _known(error: Exception) -> Exception:
    """Give Django's own exceptions the shape of REST framework's."""
    if isinstance(error, IntegrityError):
        logger.warning("The database refused a write of the API.", exc_info=error)
        return Changed()
    if isinstance(error, RequestDataTooBig):
        return TooLarge()
    if isinstance(error, UnreadablePostError | SuspiciousOperation):
        return exceptions.ParseError(_("The request cannot be read."))
    return error


def _code(error: Exception, number: int) -> str:
    codes = error.get_codes() if isinstance(error, exceptions.APIException) else None
    if isinstance(codes, str):
        return codes
    return {403: "permission_denied", 404: "not_found"}.get(number, "error")


def _flat(detail: Any, field: str = "") -> Iterator[dict[str, str]]:
    """Walk REST framework's nested errors: one entry per sentence."""
    if isinstance(detail, dict):
        for key, value in detail.items():
            name = "" if key == "non_field_errors" else str(key)
            yield from _flat(value, ".".join(part for part in (field, name) if part))
    elif isinstance(detail, list):
        for index, value in enumerate(detail):
            nested = isinstance(value, dict | list)
            if value:
                yield from _flat(value, f"{field}.{index}" if nested else field)
    else:
        yield {"field": field, "code": getattr(detail, "code", "invalid"), "detail": str(detail)}
