"""Days and hours are written one way, on the pages and in the administration, in every language."""

from datetime import UTC, datetime

import pytest
from django.conf import settings
from django.utils import formats, translation

from crm.dossiers import changes

MOMENT = datetime(2026, 11, 22, 16, 49, tzinfo=UTC)


@pytest.mark.parametrize("language", [code for code, _name in settings.LANGUAGES])
def test_what_django_writes_by_itself_is_what_the_pages_write(language):
    with translation.override(language):
        for name in ("DATE_FORMAT", "SHORT_DATE_FORMAT"):
            assert formats.date_format(MOMENT.date(), name) == changes.day(MOMENT.date())
        for name in ("DATETIME_FORMAT", "SHORT_DATETIME_FORMAT"):
            assert formats.localize(MOMENT) == formats.date_format(MOMENT, name) == changes.moment(MOMENT.isoformat())
        assert formats.time_format(MOMENT.time()) == "16:49"
        assert formats.get_format("FIRST_DAY_OF_WEEK") == 1


@pytest.mark.parametrize(("language", "mark"), [("en", "."), ("es", ","), ("pt-br", ","), ("it", ","), ("ru", ",")])
def test_numbers_stay_as_they_are_written_where_the_language_is_spoken(language, mark):
    with translation.override(language):
        assert formats.get_format("DECIMAL_SEPARATOR") == mark
