"""What tests of the API share: who asks, and what a problem looks like."""

from typing import Any

from rest_framework.response import Response
from rest_framework.test import APIClient

from crm.dossiers.models import Firm
from crm.users.models import User
from tests.factories.users import UserFactory


def ask_as(api: APIClient, role: str = "account_manager", **fields: Any) -> User:
    """Let `api` act for a new user in this role."""
    user = UserFactory(role=role, **fields)
    user.firm_zone = Firm.objects.values_list("zone", flat=True).get()  # which comes with whoever signs in
    api.force_authenticate(user)
    return user


def problem(response: Response) -> tuple[int, str, list[tuple[str, str]]]:
    """Return status, code, and per error its field and code; the response must be a problem."""
    assert response["Content-Type"] == "application/problem+json", response.content
    data = response.json()
    assert data["status"] == response.status_code
    assert data["type"] == "about:blank" and data["title"] and data["detail"]
    return data["status"], data["code"], [(e["field"], e["code"]) for e in data.get("errors", [])]


def ids(response: Response) -> list[int]:
    """Return the ids on a page."""
    assert response.status_code == 200, response.content
    return [row["id"] for row in response.json()["results"]]
