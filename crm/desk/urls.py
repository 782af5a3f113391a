"""Addresses of what lies across records."""

from django.urls import path

from crm.desk import views

app_name = "desk"
urlpatterns = [
    path("", views.my_day, name="my_day"),
    path("inbox/read/", views.inbox_read, name="inbox_read"),
    path("who/", views.who, name="who"),
    path("away/", views.away, name="away"),
    path("away/<int:pk>/end/", views.away_end, name="away_end"),
    path("welcome/", views.welcome, name="welcome"),
    path("welcome/colleagues/", views.welcome_colleagues, name="welcome_colleagues"),
    path("welcome/account/", views.welcome_account, name="welcome_account"),
]
