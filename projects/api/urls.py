from crm.core.rest.routing import routes
from projects.api.views import ProjectViewSet

urlpatterns = routes("projects", ProjectViewSet, "project")
