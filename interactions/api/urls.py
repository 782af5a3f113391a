from crm.core.rest.routing import routes
from interactions.api.views import FollowUpViewSet, InteractionViewSet

urlpatterns = [
    *routes("interactions", InteractionViewSet, "interaction"),
    *routes("follow-ups", FollowUpViewSet, "follow-up"),
]
