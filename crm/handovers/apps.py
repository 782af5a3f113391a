from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

NOTICES = {  # part of a handover → headline, the sentence under it
    "offered": (_("%(giver)s hands %(what)s over to you"), _("Accept or decline. Until then %(giver)s answers.")),
    "covered": (_("%(giver)s hands %(what)s over to %(receiver)s"), _("You stand in for them: accept or decline.")),
    "given": (_("%(what)s passes from you to %(receiver)s"), _("Offered by %(by)s. You answer until it is accepted.")),
    "accepted": (_("%(receiver)s has taken over %(what)s"), _("From %(giver)s. Decided by %(by)s.")),
    "declined": (_("%(receiver)s has declined %(what)s"), _("%(giver)s goes on answering. Decided by %(by)s.")),
    "withdrawn": (_("The handover of %(what)s was withdrawn"), _("%(giver)s goes on answering.")),
}


class HandoversConfig(AppConfig):
    name = "crm.handovers"
    verbose_name = _("Changes of who answers")

    def ready(self) -> None:
        """Say how notices about handovers read."""
        from crm.commitments.telling import wording  # noqa: PLC0415  # models are not there before

        for part, words in NOTICES.items():
            wording.register(f"handover_{part}", wording.Words(*words))
