"""Why a change of who answers says no."""

from django.utils.translation import gettext_lazy as _

from crm.core.refusals import Refused


class AlreadyAssigned(Refused):
    field = "poc"
    code = "already_assigned"
    default_message = _("This point of contact answers here already.")


class ReasonRequired(Refused):
    field = "reason"
    code = "reason_required"
    default_message = _("Say why: somebody is replaced.")


class Deactivated(Refused):
    field = "poc"
    code = "poc_inactive"
    default_message = _("This point of contact no longer answers. Choose an active one.")


class AnotherBegins(Refused):
    field = "starts_at"
    code = "another_begins"
    default_message = _(
        "Somebody else is planned from a later moment already. Choose a moment after that, or change the plan."
    )


class StartsInThePast(Refused):
    field = "starts_at"
    code = "starts_in_the_past"
    default_message = _("What was is kept as it was: choose now or a later moment.")


class EndsBeforeStart(Refused):
    field = "ends_at"
    code = "ends_before_start"
    default_message = _("The end must lie after the start.")


class Overlaps(Refused):
    field = "starts_at"
    code = "overlaps"
    default_message = _("There is an absence in this time already.")


class CircularCover(Refused):
    field = "cover"
    code = "circular_cover"
    default_message = _("The cover is away in this time and covered, in the end, by the one who is away.")


class CoverRequired(Refused):
    field = "cover"
    code = "cover_required"
    default_message = _("Say about what somebody is away.")


class BegunAlready(Refused):
    field = "starts_at"
    code = "begun_already"
    default_message = _("It has begun: its first moment stays as it was.")


class EndedAlready(Refused):
    code = "ended_already"
    default_message = _("This absence is over. Enter a new one.")


class EndsInThePast(Refused):
    field = "ends_at"
    code = "ends_in_the_past"
    default_message = _("Choose an end that is still to come; or say that they are back.")


class WouldBeOpen(Refused):
    field = "leave_open"
    code = "would_be_open"
    default_message = _("Nobody would be named here any more. Name who follows, or say that it is left open.")
