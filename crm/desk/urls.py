"""Addresses of what lies across records."""

from django.urls import path

from crm.desk.views import away, my_day, welcome, who

app_name = "desk"
urlpatterns = [
    path("", my_day.my_day, name="my_day"),
    path("inbox/read/", my_day.inbox_read, name="inbox_read"),
    path("who/", who.who, name="who"),
    path("away/", away.away, name="away"),
    path("away/<int:pk>/end/", away.away_end, name="away_end"),
    path("welcome/", welcome.welcome, name="welcome"),
    path("welcome/colleagues/", welcome.welcome_colleagues, name="welcome_colleagues"),
    path("welcome/account/", welcome.welcome_account, name="welcome_account"),
]
