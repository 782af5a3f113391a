from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("poc", "0009_calendar_of_what_is_owed")]

    operations = [
        migrations.AddField("absence", "sum_up_errors", models.PositiveSmallIntegerField(default=0, editable=False)),
        migrations.AddField("absence", "sum_up_after", models.DateTimeField(editable=False, null=True)),
    ]
