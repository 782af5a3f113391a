from crm.core.rest.routing import routes
from crm.poc.api.absences import AbsenceViewSet
from crm.poc.api.sharing import ShareLinkViewSet
from crm.poc.api.views import PocViewSet

urlpatterns = [
    *routes("pocs", PocViewSet, "poc"),
    *routes("absences", AbsenceViewSet, "absence"),
    *routes("share-links", ShareLinkViewSet, "share-link"),
]
