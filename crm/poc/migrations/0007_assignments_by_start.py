from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("poc", "0006_past_absences")]
    operations = [
        migrations.AddIndex(
            model_name="assignment",
            index=models.Index(fields=["starts_at", "id"], name="assignment_by_start"),
        )
    ]
