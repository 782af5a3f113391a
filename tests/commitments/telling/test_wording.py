"""Every kind of notice has words, and they read well whatever is not known."""

import pytest

from crm.commitments.actions import reassign
from crm.commitments.models import Notification
from crm.commitments.telling import groups, wording
from crm.core.actor import Actor
from tests.commitments.conftest import moment
from tests.factories import AT
from tests.factories.dossiers import DossierFactory
from tests.factories.poc import AbsenceFactory, AssignmentFactory, TeamFactory

KINDS = sorted(wording._words)


@pytest.mark.parametrize("kind", sorted(groups._group_of))
def test_whatever_can_be_chosen_has_words(kind):
    assert kind in wording._words


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_known_leaves_no_trace_in_a_sentence(kind):
    (line,) = wording.lines([Notification(kind=kind, facts={})], AT)
    for text in (line.headline, line.lead):
        assert "%" not in text and "None" not in text and "  " not in text
    assert line.headline


@pytest.mark.parametrize(("about", "said"), [("General", ""), ("Billing", "About billing. ")])
def test_what_a_record_is_answered_for_is_said_where_it_says_more_than_everything(about, said):
    (line,) = wording.lines([Notification(kind="assigned_new", facts={"topic": about, "by": "Lea"})], AT)
    assert line.lead == f"{said}Decided by Lea."


# --- Why me


@pytest.fixture
def team(house):
    """Ben's team, which tells all its members."""
    return TeamFactory(name="Sales Iberia", members=[house.ben], delivery="all")


def why(kind):
    rows = Notification.objects.filter(kind=kind, channel="inbox", recipient__name="Ben")
    (said,) = wording.lines(rows.select_related("commitment", "dossier").order_by("-pk")[:1], AT)
    return said.why


@pytest.mark.parametrize(("kind", "at"), [("reassigned", "Mon 12:00"), ("reminder", "Wed 10:00")])
def test_a_member_of_the_team_it_was_given_to_reads_that(house, team, kind, at):
    reassign(commitment=house.promise(), poc=team, by=Actor(house.lea.user), at=house.at("Mon 12:00"))
    house.sweep_at(at)
    assert why(kind) == "You get this because it was given to your team: Sales Iberia."


def test_a_member_of_the_team_that_answers_reads_that(house, team):
    record = DossierFactory()
    AssignmentFactory(dossier=record, poc=team)
    house.promise(dossier=record)
    house.sweep_at("Wed 10:00")
    assert why("reminder") == "You get this because your team answers for it: Sales Iberia."


def test_a_member_of_the_team_that_stands_in_reads_for_whom(house, team):
    AbsenceFactory(poc=house.ann, cover=team, starts_at=moment("Mon 00:00"), ends_at=moment("Fri 00:00"))
    reassign(commitment=house.promise(), poc=house.ann, by=Actor(house.lea.user), at=house.at("Mon 12:00"))
    assert why("reassigned") == "You get this because you stand in for Ann, away until 5 Mar. You are in Sales Iberia."


def test_one_it_was_given_to_by_name_reads_that(house):
    reassign(commitment=house.promise(), poc=house.ben, by=Actor(house.lea.user), at=house.at("Mon 12:00"))
    assert why("reassigned") == "You get this because it was given to you."
