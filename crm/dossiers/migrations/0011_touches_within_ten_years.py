from django.db import migrations

MOST_DAYS = 3650


def clamp(apps, schema_editor):
    """What asks for a touch less than once in ten years asks for one in ten years."""
    apps.get_model("dossiers", "Tier").objects.filter(touch_every_days__gt=MOST_DAYS).update(touch_every_days=MOST_DAYS)


class Migration(migrations.Migration):
    dependencies = [("dossiers", "0010_requests_done_once")]
    operations = [migrations.RunPython(clamp, migrations.RunPython.noop)]  # how many days it had been is not known
