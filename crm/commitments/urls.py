"""Addresses of what is owed."""

from django.urls import path

from crm.commitments import views

app_name = "owed"
urlpatterns = [
    path("<int:pk>/", views.item, name="item"),
    path("<int:pk>/done/", views.done, name="done"),
    path("<int:pk>/on-it/", views.acknowledge, name="acknowledge"),
    path("<int:pk>/snooze/", views.snooze, name="snooze"),
    path("<int:pk>/reassign/", views.reassign, name="reassign"),
    path("<int:pk>/cancel/", views.cancel, name="cancel"),
]
