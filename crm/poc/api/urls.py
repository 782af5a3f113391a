from crm.core.rest.routing import routes
from crm.poc.api.views import PocViewSet

urlpatterns = routes("pocs", PocViewSet, "poc")
