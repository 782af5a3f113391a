"""Why an action says no: one family, so that every door can say it in its own way."""

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _


class Refused(ValidationError):
    """An action's no: a translated sentence, the field it concerns, and a stable code.

    Doors show `messages` beside `field`; the API gives `code`. Nothing was written.
    """

    field = ""  # the form field or API key concerned; empty: the act as a whole
    code = "refused"

    def __init__(self, message: Any = None, *, field: str | None = None, record_id: int | None = None) -> None:
        self.field = self.field if field is None else field
        self.record_id = record_id  # the record concerned, in an act on several
        super().__init__(message or self.default_message, code=self.code)

    default_message: Any = ""


class UnknownZone(Refused):
    field = "zone"
    code = "unknown_zone"
    default_message = _("There is no such time zone.")
