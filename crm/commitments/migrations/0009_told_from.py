"""When a notice may be told: what stands already, from when it was decided."""

from django.db import migrations
from django.db.models import F


def fill(apps, schema_editor):
    apps.get_model("commitments", "Notification").objects.filter(tell_at=None).update(tell_at=F("created_at"))


class Migration(migrations.Migration):
    dependencies = [("commitments", "0008_every_kind")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop, elidable=True)]
