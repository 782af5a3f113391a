from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("poc", "0008_grants_that_end_later")]
    operations = [
        migrations.AlterField(
            model_name="sharelink",
            name="kind",
            field=models.CharField(
                choices=[
                    ("card", "a card"), ("record", "who to contact"), ("feed", "a calendar of what is owed"),
                ],
                max_length=10,
                verbose_name="kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="sharelink",
            constraint=models.UniqueConstraint(
                fields=["poc"], condition=models.Q(kind="feed", revoked_at=None), name="share_one_feed_of_a_person"
            ),
        ),
    ]
