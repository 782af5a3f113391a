from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CommitmentsConfig(AppConfig):
    name = "crm.commitments"
    verbose_name = _("What is owed")

    def ready(self) -> None:
        """Answer for the messages that tell about what is owed."""
        from crm.commitments import other_hours  # noqa: PLC0415  # models are not there before
        from crm.commitments.auditing import catalogue  # noqa: PLC0415  # models are not there before
        from crm.commitments.mail import sending  # noqa: PLC0415  # see above
        from crm.commitments.telling import summaries, words  # noqa: PLC0415  # see above

        sending.register()
        words.register()
        summaries.register()
        catalogue.register()
        other_hours.register()
