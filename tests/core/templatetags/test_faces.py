"""Faces: two letters at most, in any script."""

import pytest

from crm.core.templatetags.faces import avatar, face, initials


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Ann Keller", "AK"),
        ("Thorsten von Schönburg-Glauchau", "TG"),
        ("Team AR", "AR"),
        ("Support Iberia", "SI"),
        ("Дмитрий Орлов", "ДО"),
        ("Ольга", "О"),
        ("", "?"),
        ("(…)", "?"),
    ],
)
def test_a_name_becomes_its_letters(name, letters):
    assert initials(name) == letters


def test_a_team_is_a_rounded_square_and_the_absent_are_dashed():
    assert 'class="av av-3 av-team"' in face("Team AR", 7, team=True)
    assert 'class="av av-away"' in face("Ann Keller", 7, away=True)


def test_nobody_is_an_empty_seat():
    assert "av-none" in avatar(None)
