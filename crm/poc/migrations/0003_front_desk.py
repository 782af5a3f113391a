"""The front desk, which answers when nobody else does, and an ordinary working week."""

from datetime import time

from django.db import migrations


def fill(apps, schema_editor):
    calendars = apps.get_model("poc", "WorkingCalendar").objects
    if not calendars.filter(is_default=True).exists():
        calendar = calendars.create(name="House", zone="UTC", is_default=True)
        for weekday in range(5):
            apps.get_model("poc", "CalendarHours").objects.create(
                calendar=calendar, weekday=weekday, starts=time(9), ends=time(18)
            )
    apps.get_model("poc", "PointOfContact").objects.get_or_create(
        is_house=True, defaults={"kind": "team", "name": "Front desk", "name_key": "front desk", "delivery": "all"}
    )


class Migration(migrations.Migration):
    dependencies = [("poc", "0002_initial")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
