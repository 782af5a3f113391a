"""Until the house is set up, every page leads to the first one."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from crm.desk import set_up

OPEN = ("/welcome/", "/static/", "/healthz", "/readyz", "/language/", "/api/")


class FirstRunMiddleware:
    """Send every page to `/welcome/` while nobody has set the house up and there is no user."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith(OPEN) or request.user.is_authenticated or not set_up.is_wanted():
            return self.get_response(request)
        return redirect("desk:welcome")
