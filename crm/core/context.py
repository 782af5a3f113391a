"""What every page knows besides its own subject."""

from django.http import HttpRequest

PLACES = {
    "": "day", "accounts": "accounts", "contacts": "accounts", "projects": "projects", "who": "who", "pocs": "who",
    "log": "log",
}  # fmt: skip


def page(request: HttpRequest) -> dict[str, str]:
    """Name the place in the navigation to which the address belongs. Costs no query."""
    first = request.path_info.strip("/").split("/", 1)[0]
    return {"place": PLACES.get(first, "")}
