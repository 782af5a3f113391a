from django.urls import path

from crm.commitments.api.preferences import MyNoticesView, PocNoticesView
from crm.commitments.api.views import OwedViewSet
from crm.core.rest.routing import routes

urlpatterns = [
    *routes("owed", OwedViewSet, "owed"),
    path("me/notices/", MyNoticesView.as_view(), name="my_notices"),
    path("pocs/<int:id>/notices/", PocNoticesView.as_view(), name="poc_notices"),
]
