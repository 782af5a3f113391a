from crm.core.rest.routing import routes
from crm.handovers.api.views import AssignmentViewSet

urlpatterns = routes("assignments", AssignmentViewSet, "assignment")
