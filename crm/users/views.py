"""What readers choose for themselves."""

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.views.i18n import set_language as set_language_in_browser

from crm.users.models import User


def set_language(request: HttpRequest) -> HttpResponseBase:
    """Show pages in the language chosen in the foot, and remember it: in the browser, and as the user's for mails."""
    language = request.POST.get("language", "")
    if request.method == "POST" and request.user.is_authenticated and language in dict(settings.LANGUAGES):
        User.objects.filter(pk=request.user.pk).update(language=language)
    return set_language_in_browser(request)
