"""Addresses of what lies across records."""

from django.urls import path

from crm.desk.views import away, cell, feed, gaps, history, merging, my_day, one_click, preferences, welcome, who

app_name = "desk"
urlpatterns = [
    path("", my_day.my_day, name="my_day"),
    path("inbox/read/", my_day.inbox_read, name="inbox_read"),
    path("who/", who.who, name="who"),
    path("away/", away.away, name="away"),
    path("away/<id:pk>/", away.away_change, name="away_change"),
    path("away/<id:pk>/end/", away.away_end, name="away_end"),
    path("me/notices/", preferences.notices, name="notices"),
    path("o/fewer/<str:token>/", one_click.fewer, name="fewer_mails"),
    path("o/<str:token>/", one_click.one_click, name="one_click"),
    path("calendar/", feed.calendar, name="calendar"),
    path("calendar/end/", feed.calendar_end, name="calendar_end"),
    path("calendar/<str:secret>.ics", feed.feed, name="feed"),
    path("d/<id:pk>/cell/<slug:code>/", cell.cell, name="cell"),
    path("d/<id:pk>/history/", history.of_record, name="history"),
    path("d/<id:pk>/history.csv", history.of_record_csv, name="history_csv"),
    path("pocs/<id:pk>/history/", history.of_poc, name="history_of_poc"),
    path("pocs/<id:pk>/history.csv", history.of_poc_csv, name="history_of_poc_csv"),
    path("gaps/", gaps.gaps_overview, name="gaps"),
    path("gaps/line/", gaps.gap_line, name="gap_line"),
    path("gaps/<slug:code>/", gaps.gap_list, name="gap"),
    path("gaps/<slug:code>.csv", gaps.gap_csv, name="gap_csv"),
    path("gaps/single_point/<id:pk>/", gaps.gap_resting, name="gap_resting"),
    path("gaps/inactive/<id:pk>/follow/", gaps.gap_follow, name="gap_follow"),
    path("merge/", merging.merge, name="merge"),
    path("merge/<id:pk>/undo/", merging.unmerge, name="unmerge"),
    path("welcome/", welcome.welcome, name="welcome"),
    path("welcome/colleagues/", welcome.welcome_colleagues, name="welcome_colleagues"),
    path("welcome/account/", welcome.welcome_account, name="welcome_account"),
]
