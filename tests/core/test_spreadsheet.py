"""Rows as a CSV file."""

import pytest
from django.utils import timezone, translation

from crm.core.spreadsheet import download


def sent(rows):
    return [part.decode() for part in download(rows, "rows.csv").streaming_content]


def test_a_file_is_sent_a_line_at_a_time_and_read_no_further_than_that():
    read = []

    def rows():
        for n in range(3):
            read.append(n)
            yield [n, "é,"]

    parts = iter(download(rows(), "rows.csv").streaming_content)
    assert next(parts).decode() == "\ufeff"  # a spreadsheet takes it for UTF-8
    assert next(parts).decode() == '0,"é,"\r\n'
    assert read == [0]


def test_it_is_in_the_readers_language_and_zone_though_the_request_has_ended():
    def rows():
        for _row in range(2):
            yield [translation.get_language(), timezone.get_current_timezone_name()]

    with translation.override("pt"), timezone.override("Asia/Tokyo"):
        response = download(rows(), "rows.csv")
    before = translation.get_language(), timezone.get_current_timezone_name()
    parts = iter(response.streaming_content)
    assert next(parts)
    for part in parts:
        assert part.decode() == "pt,Asia/Tokyo\r\n"
        assert (translation.get_language(), timezone.get_current_timezone_name()) == before


def test_it_is_a_file_with_a_name():
    response = download([], "who-answered-7.csv")
    assert response["Content-Disposition"] == 'attachment; filename="who-answered-7.csv"'


@pytest.mark.parametrize("typed", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_what_a_spreadsheet_would_run_is_text(typed):
    assert "'" + typed in "".join(sent([[typed]])).replace('"', "")


def test_what_is_harmless_stays_as_it_is():
    assert sent([["Rio = sea", 7, None]])[1:] == ["Rio = sea,7,\r\n"]
