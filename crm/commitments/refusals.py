"""Why an act on something owed says no."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from crm.commitments.terms import Kind
from crm.core.refusals import Refused


class TitleRequired(Refused):
    field = "title"
    code = "title_required"
    default_message = _("Say what is owed.")


class ClosedAlready(Refused):
    code = "closed_already"
    default_message = _("It is settled already: nothing is owed any more.")


class MovedOn(Refused):
    field = "due_at"
    code = "moved_on"
    default_message = _("It was done or moved meanwhile, and is owed for another time now. Nothing was changed.")


class OddMoment(Refused):
    field = "due_at"
    code = "odd_moment"
    default_message = _("That moment is too far away.")


class NotInThePast(Refused):
    field = "until"
    code = "not_in_the_past"
    default_message = _("Choose a moment that is still to come.")


class DueRequired(Refused):
    field = "due_at"
    code = "due_required"
    default_message = _("Say by when.")


class AnswersNoMore(Refused):
    field = "poc"
    code = "answers_no_more"
    default_message = _("They no longer answer. Choose somebody else.")


class SettledElsewhere(Refused):
    """Only what it stands for settles it: `of` says what that is."""

    code = "settled_elsewhere"
    default_message = _("A handover is accepted, declined or withdrawn on its own page.")

    @classmethod
    def of(cls, kind: str) -> SettledElsewhere:
        if kind == Kind.TOUCH:
            return cls(_("Only a conversation keeps in touch: log it. How often is asked for stands with the tier."))
        return cls()


class WaitsForCustomer(Refused):
    code = "waits_for_customer"
    default_message = _("It waits for the customer. Let it go on first.")
