"""Whoever came back before there were summaries is told nothing now."""

from django.db import migrations
from django.db.models import F
from django.db.models.functions import Now


def leave_alone(apps, schema_editor):
    absences = apps.get_model("poc", "Absence").objects.using(schema_editor.connection.alias)
    absences.filter(ends_at__lte=Now(), summed_up_at=None).update(summed_up_at=F("ends_at"))


class Migration(migrations.Migration):
    dependencies = [("poc", "0005_absence_summed_up")]
    operations = [migrations.RunPython(leave_alone, migrations.RunPython.noop)]  # the column goes with the migration before
