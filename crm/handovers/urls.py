"""Addresses for changing who answers."""

from django.urls import path

from crm.handovers import views

app_name = "handovers"
urlpatterns = [
    path("", views.change, name="change"),
    path("<id:assignment_pk>/end/", views.end, name="end"),
]
