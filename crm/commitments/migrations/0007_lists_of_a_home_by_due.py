from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("commitments", "0006_lists_by_due")]
    operations = [
        migrations.AddIndex(
            model_name="commitment",
            index=models.Index(fields=["home", "due_at", "id"], name="commitment_of_a_home_by_due"),
        )
    ]
