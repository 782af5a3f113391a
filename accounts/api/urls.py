from accounts.api.views import AccountViewSet
from crm.core.rest.routing import routes

urlpatterns = routes("accounts", AccountViewSet, "account")
