"""Bodies as JSON in UTF-8, and nothing that a database cannot keep."""

from __future__ import annotations

import json
from typing import IO, Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from crm.core.rest.problems import TooLarge


class StrictJSONParser(JSONParser):
    """JSON as RFC 8259 has it: UTF-8 whatever the header says, no NaN, no half of a surrogate pair."""

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> Any:
        body = stream.read(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
        if len(body) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise TooLarge
        try:
            data = json.loads(body.decode("utf-8"), parse_constant=_no_constant)
            if b"\\u" in body:
                json.dumps(data, ensure_ascii=False).encode("utf-8")
        except (ValueError, RecursionError) as error:
            raise ParseError(_("The body is not JSON in UTF-8.")) from error
        if not isinstance(data, dict):
            raise ParseError(_("The body must be a JSON object."))
        return data


def _no_constant(name: str) -> None:
    raise ValueError(name)
