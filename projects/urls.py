"""Addresses of projects."""

from django.urls import path

from projects import views

app_name = "projects"
urlpatterns = [
    path("", views.project_list, name="list"),
    path("new/", views.project_new, name="new"),
    path("<int:pk>/", views.project, name="project"),
    path("<int:pk>/edit/", views.project_edit, name="edit"),
    path("<int:pk>/stakeholders/new/", views.stakeholder_new, name="stakeholder-new"),
    path("<int:pk>/stakeholders/<int:stakeholder_pk>/remove/", views.stakeholder_remove, name="stakeholder-remove"),
]
