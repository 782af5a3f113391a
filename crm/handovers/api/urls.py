from crm.core.rest.routing import routes
from crm.handovers.api.handover_views import HandoverViewSet
from crm.handovers.api.views import AssignmentViewSet

urlpatterns = routes("assignments", AssignmentViewSet, "assignment") + routes("handovers", HandoverViewSet, "handover")
