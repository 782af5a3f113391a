from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("interactions", "0002_unknown_callers")]
    operations = [
        migrations.AddIndex(
            model_name="interaction",
            index=models.Index(
                fields=["-occurred_at", "-id"],
                condition=models.Q(account=None, contact=None, project=None, withdrawn_at=None),
                name="interaction_to_sort",
            ),
        )
    ]
