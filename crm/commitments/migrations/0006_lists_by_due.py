from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("commitments", "0005_more_policies")]
    operations = [
        migrations.AddIndex(
            model_name="commitment",
            index=models.Index(fields=["due_at", "id"], name="commitment_by_due"),
        )
    ]
