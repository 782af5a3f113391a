from contacts.api.views import ContactViewSet
from crm.core.rest.routing import routes

urlpatterns = routes("contacts", ContactViewSet, "contact")
