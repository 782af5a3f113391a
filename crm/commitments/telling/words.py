"""The words of the notices that are about what is owed, who answers, absences and what went wrong."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from crm.commitments.telling import wording
from crm.commitments.telling.wording import Words

WORDS: Mapping[str, Words] = {
    "reminder": Words(_("Due %(due)s: %(title)s")),
    "due_reminder": Words(_("Due now: %(title)s")),
    "late_reminder": Words(_("Overdue since %(due)s: %(title)s")),
    "still_waiting": Words(
        _("Still waiting for the customer? %(title)s"),
        _("Its time stands still. Let it go on when they have answered, or close it."),
    ),
    "resumed": Words(_("It goes on, due %(due)s: %(title)s"), _("It waited for the customer, and no longer does.")),
    "escalation": Words(_("Escalated: %(title)s"), _("It was due %(due)s, and nobody has acted.")),
    "reassigned": Words(_("Yours now: %(title)s"), _("Given to you by %(by)s. Due %(due)s.")),
    "assigned_new": Words(_("You answer for %(record)s now"), _("%(about)s Decided by %(by)s.")),
    "assigned_old": Words(
        _("%(new)s answers for %(record)s now"), _("%(about)s It was you until now. Decided by %(by)s.")
    ),
    "unassigned": Words(_("You no longer answer for %(record)s"), _("%(about)s Decided by %(by)s.")),
    "archived": Words(_("%(record)s was archived"), _("You answered for it until now. Archived by %(by)s.")),
    "merged": Words(
        _("%(merged)s was merged into %(record)s"),
        _("Whoever answers for %(record)s answers for both now. Merged by %(by)s."),
    ),
    "restored": Words(_("%(record)s is back"), _("You answer for it again. Restored by %(by)s.")),
    "cover_asked": Words(
        _("You stand in for %(name)s"), _("From %(from)s until %(until)s. %(about)s Entered by %(by)s.")
    ),
    "cover_changed": Words(
        _("Changed: you stand in for %(name)s"), _("From %(from)s until %(until)s now. %(about)s Changed by %(by)s.")
    ),
    "cover_ended": Words(_("%(name)s is back"), _("You no longer stand in. %(about)s")),
    "cover_withdrawn": Words(_("%(name)s will not be away"), _("You need not stand in from %(from)s. %(about)s")),
    "cover_passed": Words(
        _("You no longer stand in for %(name)s"), _("From %(from)s on somebody else does. %(about)s Changed by %(by)s.")
    ),
    "away_entered": Words(
        _("You are entered as away"), _("From %(from)s until %(until)s. %(about)s Entered by %(by)s.")
    ),
    "passed_on": Words(
        _("Passed on to you: %(title)s"),
        _("%(by)s asks you to solve it by %(due)s. Whoever answers for %(record)s keeps talking to the customer."),
    ),
    "passed_on_told": Words(_("With %(to)s now: %(title)s"), _("%(by)s passed it on. You still talk to the customer.")),
    "returned": Words(_("Solved: %(title)s"), _("%(was)s has solved it. Tell the customer and close it by %(due)s.")),
    "left": Words(
        _("You take over from %(name)s"), _("Records: %(n_records)s. Owed: %(n_owed)s. Decided by %(by)s. %(records)s")
    ),
    "stayed": Words(_("%(name)s stays"), _("What you had taken over is theirs again. Decided by %(by)s.")),
    "logged": Words(_("New with %(record)s: %(contact)s"), _("%(user)s logged it for you.")),
    "undelivered": Words(
        _("A mail to %(name)s could not be delivered"), _("It was about: %(what)s. The mail server said: %(reply)s")
    ),
    "perhaps_undelivered": Words(
        _("A mail to %(name)s may not have arrived"),
        _("It was about: %(what)s. The connection broke off before the mail server said whether it took it."),
    ),
    "address_refused": Words(
        _("Mails to %(name)s come back"),
        _(
            "%(address)s was refused: %(reply)s. Correct the address. Until a mail arrives there again, whoever is "
            "next in line is told instead."
        ),
    ),
    "nobody": Words(_("Nobody could be told: %(title)s"), _("Nobody who answers has an address or signs in.")),
    "never_opens": Words(
        _("The working calendar %(name)s never opens"),
        _("What counts in its working time counts plain hours and days until it does."),
    ),
    "set_aside": Words(
        _("Reminders have stopped: %(title)s"), _("An error keeps them from being worked out. See the log.")
    ),
}


def register() -> None:
    """Give these kinds their words."""
    for kind, words in WORDS.items():
        wording.register(kind, words)
