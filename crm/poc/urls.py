"""Addresses of those who answer."""

from django.urls import URLPattern

app_name = "poc"
urlpatterns: list[URLPattern] = []
