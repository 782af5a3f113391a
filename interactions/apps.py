from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class InteractionsConfig(AppConfig):
    name = "interactions"
    verbose_name = _("Interactions")

    def ready(self) -> None:
        """Tell mails about what is owed with whom it is, and what was said last; count attempts per time."""
        from crm.commitments import recurring  # noqa: PLC0415  # models are not there before
        from crm.commitments.mail import background  # noqa: PLC0415  # models are not there before
        from interactions import background as ours  # noqa: PLC0415
        from interactions import follow_ups  # noqa: PLC0415

        background.register(ours.of)
        recurring.when_begun_anew(follow_ups.count_anew)
