"""Addresses of what is owed."""

from django.urls import path

from crm.commitments import views

app_name = "owed"
urlpatterns = [
    path("<id:pk>/", views.item, name="item"),
    path("<id:pk>/done/", views.done, name="done"),
    path("<id:pk>/on-it/", views.acknowledge, name="acknowledge"),
    path("<id:pk>/snooze/", views.snooze, name="snooze"),
    path("<id:pk>/wait/", views.wait, name="wait"),
    path("<id:pk>/resume/", views.resume, name="resume"),
    path("<id:pk>/reassign/", views.reassign, name="reassign"),
    path("<id:pk>/pass-on/", views.pass_on, name="pass_on"),
    path("<id:pk>/hand-back/", views.hand_back, name="hand_back"),
    path("<id:pk>/cancel/", views.cancel, name="cancel"),
]
