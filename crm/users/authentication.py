"""How the API knows who asks: by a token, or by the browser's session."""

from __future__ import annotations

from typing import Any

from django.utils import translation
from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from crm.core import clock
from crm.users import tokens
from crm.users.models import ApiToken, User

SCHEME = "Bearer"
LONGEST = 100  # characters of a token


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer lia_…`. A deactivated user's tokens stop at once."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        scheme, _space, secret = get_authorization_header(request).decode("latin-1").partition(" ")
        if scheme.lower() != SCHEME.lower():
            return None
        secret = secret.strip()
        token = tokens.check(secret) if secret.startswith(tokens.START) and len(secret) <= LONGEST else None
        if token is None:
            raise AuthenticationFailed(_("This token is not valid: unknown, expired or revoked."), code="bad_token")
        clock.remember(request, token.now)  # type: ignore[attr-defined]
        if not request.headers.get("Accept-Language"):
            # A program says none. What it has opened reads as what its people open: the next request begins anew.
            translation.activate(token.user.language or token.user.firm_language)  # type: ignore[attr-defined]
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return f'{SCHEME} realm="api"'


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """What the schema says about tokens."""

    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "lia_…"}
