from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("dossiers", "0004_more_events"), ("poc", "0004_share_links")]

    operations = [
        migrations.AddField(
            model_name="absence",
            name="summed_up_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddIndex(
            model_name="absence",
            index=models.Index(condition=models.Q(("summed_up_at", None)), fields=["ends_at"], name="absence_to_sum_up"),
        ),
    ]
