from django.db import migrations, models


class Migration(migrations.Migration):
    """Why nothing is tried is kept; what nobody read is not. Backwards the columns come back as they were: empty."""

    dependencies = [("outbox", "0003_watched")]

    operations = [
        migrations.AddField(
            model_name="heartbeat",
            name="paused_because",
            field=models.CharField(blank=True, max_length=200, default="", verbose_name="why it is paused"),
            preserve_default=False,
        ),
        migrations.RemoveField(model_name="heartbeat", name="oldest_due_age"),
        migrations.RemoveField(model_name="message", name="payload"),
    ]
