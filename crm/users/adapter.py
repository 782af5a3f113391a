"""How django-allauth signs people in here."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest

from crm.users.models import User
from crm.users.reader import speaking_to


class AccountAdapter(DefaultAccountAdapter):
    """Nobody signs up: administrators invite. The addresses answer 404 too (crm/urls.py)."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Write in the reader's language: whoever asks for a password may sit at anybody's machine."""
        with speaking_to(User.objects.filter(email__iexact=email).first()):
            super().send_mail(template_prefix, email, context)
