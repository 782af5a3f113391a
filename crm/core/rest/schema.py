"""The OpenAPI schema's habits: tags by resource, problems everywhere."""

from __future__ import annotations

from typing import Any

from drf_spectacular.openapi import AutoSchema

from crm.core.rest.problems import MEDIA_TYPE, ProblemSerializer


class Schema(AutoSchema):
    """Tags an operation with its resource, and says what every error looks like."""

    def get_tags(self) -> list[str]:
        parts = [part for part in self.path.split("/") if part and "{" not in part]
        return [parts[2]]  # api, v1, resource

    def _get_response_bodies(self, direction: str = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        bodies["default"] = self._get_response_for_code(ProblemSerializer, "default", [MEDIA_TYPE])
        bodies["default"]["description"] = "What went wrong (RFC 9457)."
        return bodies
