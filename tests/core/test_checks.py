"""A start for a firm says what it lacks."""

from pathlib import Path

from crm.core.checks import translations_are_compiled


def test_translations_that_are_not_compiled_are_said(tmp_path, settings):
    settings.LOCALE_PATHS = [tmp_path]
    assert translations_are_compiled() == []
    folder = Path(tmp_path / "es" / "LC_MESSAGES")
    folder.mkdir(parents=True)
    (folder / "django.po").touch()
    [warning] = translations_are_compiled()
    assert "compilemessages" in warning.hint
    (folder / "django.mo").touch()
    assert translations_are_compiled() == []
