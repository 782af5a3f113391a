"""Every address of Liaison."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import include, path, re_path

from crm.desk import health
from crm.dossiers import views as dossiers
from crm.users import views as users

admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]


def closed(request: HttpRequest) -> HttpResponse:
    """Answer 404 where allauth would let strangers sign up or users change addresses by themselves."""
    raise Http404


handler500 = "crm.core.rest.failures.server_error"

urlpatterns = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    re_path(r"^auth/(?:signup|email|confirm-email|login/code)/", closed),
    path("auth/", include("allauth.account.urls")),
    path("language/", users.set_language, name="set_language"),
    path("", include("crm.users.urls")),
    path("accounts/", include("accounts.urls")),
    path("contacts/", include("contacts.urls")),
    path("projects/", include("projects.urls")),
    path("d/<id:pk>/", dossiers.record, name="record"),
    path("", include("crm.handovers.urls")),
    path("", include("crm.poc.urls")),
    path("owed/", include("crm.commitments.urls")),
    path("", include("interactions.urls")),
    path("", include("crm.desk.urls")),
    path("api/v1/", include("crm.desk.api.urls")),
    path("admin/", admin.site.urls),
]
