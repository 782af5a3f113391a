from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("poc", "0007_assignments_by_start")]
    operations = [
        migrations.RemoveIndex(model_name="grant", name="grant_open_of_a_poc"),
        migrations.RemoveIndex(model_name="grant", name="grant_open_by_cause"),
        migrations.AddIndex(
            model_name="grant",
            index=models.Index(fields=["poc", "ended_at"], name="grant_of_a_poc"),
        ),
        migrations.AddIndex(
            model_name="grant",
            index=models.Index(fields=["cause"], name="grant_by_cause"),
        ),
    ]
