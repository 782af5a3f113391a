"""The targets that a replay promises by."""

import pytest

from crm.commitments.models import Unit
from crm.desk.replay.fit import fits
from crm.desk.replay.log import read
from crm.desk.replay.terms import BadTarget, Target, terms_of
from tests.desk.replay.incidents import quick, write


def test_a_target_that_is_given_takes_the_place_of_the_one_found(tmp_path):
    fit = fits(read(write(tmp_path, quick("I1"))).incidents)[0]
    terms = terms_of(fit, answer=["urgent=15m"], solution=["normal=2wd"])
    assert terms.answer["urgent"] == Target(15, Unit.MINUTES)
    assert terms.solution["normal"] == Target(2, Unit.WORKING_DAYS)
    assert terms_of(fit).solution["normal"] == Target(360, Unit.WORKING_MINUTES, is_found=True)
    assert not terms_of(fit).solution["low"].is_found


@pytest.mark.parametrize("written", ["urgent", "urgent=4", "soon=4h", "urgent=0h", "urgent=4weeks"])
def test_a_target_that_is_none_is_refused(tmp_path, written):
    fit = fits(read(write(tmp_path, quick("I1"))).incidents)[0]
    with pytest.raises(BadTarget):
        terms_of(fit, answer=[written])
