from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        """Have what tiers ask for reconciled in each sweep of the planner."""
        from accounts import keeping_in_touch  # noqa: PLC0415  # models are not there before
        from crm.commitments.planning import rounds  # noqa: PLC0415

        rounds.register(keeping_in_touch.go_round)
