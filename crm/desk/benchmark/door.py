"""Somebody who opens pages and asks the API, through everything but the socket."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.test import Client

from crm.desk.benchmark.firm import BigFirm
from crm.desk.benchmark.measure import Work
from crm.users.models import User


class Reader:
    """One of the firm's users, signed in; the session goes with the measurement's transaction."""

    def __init__(self, firm: BigFirm, place: int) -> None:
        self.user = User.objects.get(pk=firm.person(place))
        self.client = Client(headers={"host": urlsplit(settings.PUBLIC_URL).netloc})
        self.client.force_login(self.user, settings.AUTHENTICATION_BACKENDS[0])

    def page(self, address: str) -> Work:
        """Return work that opens a page, and gives 1."""

        def work() -> int:
            self._answered(address, self.client.get(address, secure=settings.SECURE_SSL_REDIRECT))
            return 1

        return work

    def listed(self, address: str) -> Work:
        """Return work that asks the API for a list, and gives how many rows came."""

        def work() -> int:
            response = self._answered(address, self.client.get(address, secure=settings.SECURE_SSL_REDIRECT))
            return len(json.loads(response.content)["results"])

        return work

    def sent(self, address: str, body: dict[str, Any]) -> Work:
        """Return work that sends JSON to the API, and gives 1."""

        def work() -> int:
            response = self.client.post(
                address, json.dumps(body), content_type="application/json", secure=settings.SECURE_SSL_REDIRECT
            )
            self._answered(address, response)
            return 1

        return work

    def _answered(self, address: str, response: Any) -> Any:
        if response.status_code not in (200, 201):
            raise RuntimeError(f"{address} answered {response.status_code} to {self.user.email}.")
        return response
