"""Addresses for changing who answers."""

from django.urls import path

from crm.handovers.views import archiving, change

app_name = "handovers"
urlpatterns = [
    path("d/<id:pk>/who/", change.change, name="change"),
    path("d/<id:pk>/who/<id:assignment_pk>/end/", change.end, name="end"),
    path("d/<id:pk>/archive/", archiving.archive, name="archive"),
    path("d/<id:pk>/restore/", archiving.restore, name="restore"),
]
