"""Addresses of contacts."""

from django.urls import path

from contacts import views

app_name = "contacts"
urlpatterns = [
    path("", views.contact_list, name="list"),
    path("new/", views.contact_new, name="new"),
    path("names/", views.contact_names, name="names"),
    path("<id:pk>/", views.contact, name="contact"),
    path("<id:pk>/edit/", views.contact_edit, name="edit"),
    path("<id:pk>/employer/", views.contact_employer, name="employer"),
]
