"""The touch point where callers are kept whom nobody knows, answered for by the front desk."""

from django.db import migrations


def fill(apps, schema_editor):
    touch_points = apps.get_model("interactions", "TouchPoint").objects
    if touch_points.filter(is_default=True).exists():
        return
    channel = apps.get_model("dossiers", "Channel").objects.get(code="other")
    dossiers = apps.get_model("dossiers", "Dossier").objects
    dossier = dossiers.create(kind="touch_point", title="Unknown callers", title_key="unknown callers")
    dossiers.filter(pk=dossier.pk).update(home=dossier.pk)
    touch_points.create(dossier=dossier, channel=channel, is_default=True)


class Migration(migrations.Migration):
    dependencies = [("interactions", "0001_initial"), ("dossiers", "0003_words")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
