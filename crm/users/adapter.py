"""How django-allauth signs people in here."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):
    """Nobody signs up: administrators invite. The addresses answer 404 too (crm/urls.py)."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
