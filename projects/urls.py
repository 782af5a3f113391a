"""Addresses of projects."""

from django.urls import path

from projects import views

app_name = "projects"
urlpatterns = [
    path("", views.project_list, name="list"),
    path("new/", views.project_new, name="new"),
    path("<id:pk>/", views.project, name="project"),
    path("<id:pk>/edit/", views.project_edit, name="edit"),
    path("<id:pk>/stakeholders/new/", views.stakeholder_new, name="stakeholder-new"),
    path("<id:pk>/stakeholders/<id:stakeholder_pk>/remove/", views.stakeholder_remove, name="stakeholder-remove"),
]
