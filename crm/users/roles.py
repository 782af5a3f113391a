"""The roles: groups with these names, and what each may do. Administrators may change the groups later."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

ADMINISTRATOR = "administrator"
ACCOUNT_MANAGER = "account_manager"
PROJECT_MANAGER = "project_manager"
SALES_REP = "sales_rep"
SUPPORT = "support"
READ_ONLY = "read_only"

LABELS: dict[str, Promise] = {
    ADMINISTRATOR: _("Administrator"),
    ACCOUNT_MANAGER: _("Account manager"),
    PROJECT_MANAGER: _("Project manager"),
    SALES_REP: _("Sales rep"),
    SUPPORT: _("Support"),
    READ_ONLY: _("Read only"),
}

OPENS_ADMINISTRATION = (ADMINISTRATOR, ACCOUNT_MANAGER)

RECORDS = [
    "accounts.account", "contacts.contact", "projects.project", "projects.stakeholder",
    "interactions.interaction", "interactions.followup", "interactions.touchpoint",
    "commitments.commitment",
]  # fmt: skip
HANDOVERS = ["handovers.handover"]  # offered by whoever may add one; answered by whom it concerns
ANSWERS = ["poc.pointofcontact", "poc.membership", "poc.absence", "poc.assignment"]
WORDS = [
    "dossiers.topic", "dossiers.tier", "dossiers.channel", "dossiers.purpose", "dossiers.outcome",
    "contacts.contactrole", "handovers.briefingpart",
]  # fmt: skip

MAY: dict[str, dict[str, list[str]]] = {  # role → what one may do → to which models
    ADMINISTRATOR: {"view": ["*"], "add": ["*"], "change": ["*"]},
    ACCOUNT_MANAGER: {
        "view": [*RECORDS, *HANDOVERS, *ANSWERS, *WORDS],
        "add": [*RECORDS, *HANDOVERS, *ANSWERS],
        "change": [*RECORDS, *ANSWERS],
    },
    PROJECT_MANAGER: {
        "view": [*RECORDS, *HANDOVERS, *ANSWERS, *WORDS],
        "add": [*RECORDS, *HANDOVERS, "poc.assignment", "poc.absence"],
        "change": [*RECORDS, "poc.assignment", "poc.absence"],
    },
    SALES_REP: {
        "view": [*RECORDS, *HANDOVERS, *ANSWERS, *WORDS],
        "add": [
            *HANDOVERS, "accounts.account", "contacts.contact", "projects.project", "interactions.interaction",
            "interactions.followup", "commitments.commitment", "poc.absence",
        ],
        "change": ["accounts.account", "contacts.contact", "commitments.commitment", "interactions.followup"],
    },
    SUPPORT: {
        "view": [*RECORDS, *HANDOVERS, *ANSWERS, *WORDS],
        "add": [
            *HANDOVERS, "contacts.contact", "interactions.interaction", "interactions.followup",
            "commitments.commitment", "poc.absence",
        ],
        "change": ["contacts.contact", "commitments.commitment", "interactions.followup"],
    },
    READ_ONLY: {"view": [*RECORDS, *HANDOVERS, *ANSWERS, *WORDS]},
}  # fmt: skip
