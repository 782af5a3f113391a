"""What readers choose for themselves."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST
from django.views.i18n import set_language as set_language_in_browser

from crm.core import clock
from crm.core.actor import Actor
from crm.core.forms import attempt
from crm.users import tokens as keys
from crm.users.forms import TokenForm
from crm.users.models import ApiToken, User


def set_language(request: HttpRequest) -> HttpResponseBase:
    """Show pages in the language chosen in the foot, and remember it: in the browser, and as the user's for mails."""
    language = request.POST.get("language", "")
    if request.method == "POST" and request.user.is_authenticated and language in dict(settings.LANGUAGES):
        User.objects.filter(pk=request.user.pk).update(language=language)
    return set_language_in_browser(request)


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def tokens(request: HttpRequest) -> HttpResponse:
    """Show one's own keys to the API and make new ones; a secret is shown this once."""
    form = TokenForm(request.POST if request.method == "POST" else None)
    made = None
    if request.method == "POST" and form.is_valid():
        values = form.values(clock.of(request))
        made = attempt(form, lambda: keys.make(user=request.user, **values, by=Actor.of(request), at=clock.of(request)))
    context = {
        "form": TokenForm() if made else form,
        "made": made[0] if made else None,
        "secret": made[1] if made else "",
        "tokens": ApiToken.objects.of_user(request.user).filter(revoked_at=None).order_by("-created_at", "-pk"),
        "at": clock.of(request),
    }
    return render(request, "users/tokens.html", context, status=422 if form.errors else 201 if made else 200)


@login_required
@require_POST
def token_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Let one of one's own keys open nothing any more."""
    token = get_object_or_404(ApiToken.objects.of_user(request.user), pk=pk)
    keys.revoke(token=token, by=Actor.of(request), at=clock.of(request))
    messages.success(request, _("Revoked. Whatever used it is refused from now on."))
    return redirect("users:tokens")
