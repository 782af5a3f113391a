"""Addresses of accounts."""

from django.urls import path

from accounts import views

app_name = "accounts"
urlpatterns = [
    path("", views.account_list, name="list"),
    path("new/", views.account_new, name="new"),
    path("names/", views.account_names, name="names"),
    path("<id:pk>/", views.account, name="account"),
    path("<id:pk>/edit/", views.account_edit, name="edit"),
]
