from crm.commitments.api.views import OwedViewSet
from crm.core.rest.routing import routes

urlpatterns = routes("owed", OwedViewSet, "owed")
