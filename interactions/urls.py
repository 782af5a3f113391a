"""Addresses of touches and follow-ups."""

from django.urls import path

from interactions import views

app_name = "interactions"
urlpatterns = [
    path("log/", views.log, name="log"),
    path("log/form/", views.log_form, name="log_form"),
    path("log/who/", views.log_who, name="log_who"),
    path("log/due/", views.log_due, name="log_due"),
    path("interactions/", views.interaction_list, name="list"),
    path("interactions/to-sort/", views.to_sort, name="to_sort"),
    path("interactions/<int:pk>/", views.interaction, name="interaction"),
    path("interactions/<int:pk>/undo/", views.undo, name="undo"),
    path("interactions/<int:pk>/pass-on/", views.pass_on, name="pass_on"),
    path("interactions/<int:pk>/correct/", views.correct, name="correct"),
    path("interactions/<int:pk>/put/", views.put, name="put"),
    path("follow-ups/new/", views.follow_up_new, name="follow_up_new"),
    path("updates/new/", views.update_new, name="update_new"),
]
