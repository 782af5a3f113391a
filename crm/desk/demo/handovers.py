"""One customer that is about to change hands, and a prospect that has just become a customer."""

from __future__ import annotations

from accounts.actions import change_account
from accounts.models import Account
from crm.desk.demo.stage import Stage
from crm.handovers.handing_over import Offer, offer
from crm.handovers.scope import Scope

BRIEFING = {
    "context": "Four cold stores on the Havel for three supermarket chains; we have monitored two of them for a year. "
    "The other two are with a competitor until March, and they are unhappy with the reports there.",
    "people": "The technicians answer within the hour, by mail. Whoever signs dislikes calls before ten. Their "
    "accounts department wants the order number in the subject line.",
    "promises": "A second copy of the calibration certificates this week. A price for the other two stores before "
    "the year ends.",
    "risks": "The gateway in store 2 was replaced twice. A third time they will ask for money back.",
    "next_90_days": "An offer next month, then a visit, and the tender for stores 3 and 4.",
}


def pass_on(stage: Stage) -> None:
    """Offer one to the account manager who signs in; let another be proposed to the sales rep who does."""
    customer, prospect = stage.accounts["havel"], stage.accounts["jucar"]
    scope = Scope(customer.dossier, stage.pocs["katrin"])
    reason = "Berlin and Potsdam go to one account manager from next quarter."
    wanted = Offer(scope, stage.pocs["matteo"], reason, BRIEFING)
    offer(offer=wanted, by=stage.by("katrin"), at=stage.ago(1))
    change_account(
        account=prospect, name=prospect.name, tier=prospect.dossier.tier, kind=Account.Kind.CUSTOMER,
        by=stage.by("teresa"), at=stage.ago(2),
    )  # fmt: skip
