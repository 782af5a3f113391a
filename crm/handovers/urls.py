"""Addresses for changing who answers."""

from django.urls import path

from crm.handovers.views import archiving, change, hand_over, handover, introduction, leaving

app_name = "handovers"
urlpatterns = [
    path("d/<id:pk>/who/", change.change, name="change"),
    path("d/<id:pk>/who/<id:assignment_pk>/end/", change.end, name="end"),
    path("d/<id:pk>/hand-over/", hand_over.hand_over, name="hand_over"),
    path("handovers/", handover.handover_list, name="list"),
    path("handovers/<id:pk>/", handover.handover, name="handover"),
    path("handovers/<id:pk>/accept/", handover.accept, name="accept"),
    path("handovers/<id:pk>/decline/", handover.decline, name="decline"),
    path("handovers/<id:pk>/withdraw/", handover.withdraw, name="withdraw"),
    path("handovers/<id:pk>/introduction/", introduction.introduction, name="introduction"),
    path("handovers/of/<id:pk>/", handover.of_owed, name="of_owed"),
    path("pocs/<id:pk>/leave/", leaving.leave, name="leave"),
    path("pocs/<id:pk>/stay/", leaving.stay, name="stay"),
    path("d/<id:pk>/archive/", archiving.archive, name="archive"),
    path("d/<id:pk>/restore/", archiving.restore, name="restore"),
]
