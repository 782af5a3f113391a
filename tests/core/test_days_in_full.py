"""Days as headings name them, as people write them in each language."""

from datetime import date

import pytest
from django.utils import translation

from crm.core.templatetags.moments import in_full


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "Sunday 22 November 2026"),
        ("es", "Domingo 22 de noviembre de 2026"),
        ("it", "Domenica 22 novembre 2026"),
        ("pt-br", "Domingo, 22 de novembro de 2026"),
        ("ru", "Воскресенье 22 ноября 2026 г."),
    ],
)
def test_a_day_in_full_is_written_as_people_write_it(language, said):
    with translation.override(language):
        assert in_full(date(2026, 11, 22)) == said
