"""Words that are nowhere in the code, for the catalogues: those that rows are shipped with, and the names of days.

Nobody reads this but whoever gathers what there is to translate.
"""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

TOPICS = (_("General"), _("Commercial"), _("Technical"), _("Delivery"), _("Billing"), _("Support"))
CHANNELS = (
    _("Phone"), _("E-mail"), _("Live chat"), _("Chatbot"), _("Social media"), _("In person"), _("Shop"), _("Event"),
    _("Web form"), _("Letter"), _("Other"),
)  # fmt: skip
PURPOSES = (
    _("Inquiry"), _("Problem"), _("Complaint"), _("Request"), _("Feedback"), _("Update"), _("Outreach"),
)  # fmt: skip
OUTCOMES = (
    _("Reached"), _("No answer"), _("Left a message"), _("Call back"), _("Resolved"), _("Wrong number"), _("Missed"),
    _("Answered"), _("Sent"), _("Not delivered"), _("Met"), _("Was not there"),
)  # fmt: skip
ROLES = (  # of contacts
    _("Decision maker"), _("Buyer"), _("Billing"), _("Technical"), _("Delivery"), _("User"),
)  # fmt: skip
BRIEFING = (_("Context"), _("People"), _("Promises"), _("Open risks"), _("Next 90 days"))
ASKED_IN_A_BRIEFING = (
    _("What they do with us, since when, and how it stands."),
    _("Who decides, who works with us, and how each wants to be spoken to."),
    _("What they were promised, by when; also what is written nowhere."),
    _("What may go wrong, and what they are unhappy about."),
    _("Dates, renewals, offers and visits that are coming."),
)  # fmt: skip
POLICIES = (
    _("Follow-up"), _("First answer"), _("Next update"), _("Resolution"), _("Handover to accept"),
    _("Keeping in touch"),
)  # fmt: skip
DAYS = (  # the framework writes some large, as if a sentence began with them
    _("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun"),
)  # fmt: skip
