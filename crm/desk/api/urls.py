"""Every address of the API."""

from csp.constants import SELF
from csp.decorators import csp_update
from django.contrib.auth.decorators import login_required
from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularJSONAPIView

from crm.core.rest.views import NothingHere
from crm.desk.api.gaps import GapRowsView, GapsView
from crm.desk.api.views import DocsView, ResolveView, WordsView

docs = csp_update({"img-src": [SELF, "data:"]})(DocsView.as_view(url_name="api:schema"))  # its arrows

app_name = "api"
urlpatterns = [
    path("", include("accounts.api.urls")),
    path("", include("contacts.api.urls")),
    path("", include("projects.api.urls")),
    path("", include("interactions.api.urls")),
    path("", include("crm.commitments.api.urls")),
    path("", include("crm.poc.api.urls")),
    path("", include("crm.handovers.api.urls")),
    path("gaps/", GapsView.as_view(), name="gaps"),
    path("gaps/<slug:code>/", GapRowsView.as_view(), name="gap_rows"),
    path("resolve/", ResolveView.as_view(), name="resolve"),
    path("words/", WordsView.as_view(), name="words"),
    path("schema/", SpectacularJSONAPIView.as_view(), name="schema"),
    path("docs/", login_required(docs), name="docs"),
    re_path("", NothingHere.as_view()),
]
