"""What the README shows is there."""

import re

from django.conf import settings

from tests.pictures.take import FOLDER, MAIL, PICTURES


def test_every_picture_that_the_readme_shows_is_there():
    shown = re.findall(r"\]\(tests/pictures/([\w-]+)\.png\)", (settings.BASE_DIR / "README.md").read_text())
    assert sorted(shown) == sorted([MAIL, *(name for name, *_ in PICTURES)])
    assert all((FOLDER / f"{name}.png").stat().st_size > 10_000 for name in shown)
