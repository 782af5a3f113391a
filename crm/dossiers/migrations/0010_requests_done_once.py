from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("dossiers", "0009_links_in_mails"),
    ]

    operations = [
        migrations.AddField(
            model_name="event",
            name="client_key",
            field=models.UUIDField(null=True),
        ),
        migrations.AddConstraint(
            model_name="event",
            constraint=models.UniqueConstraint(
                condition=models.Q(("client_key__isnull", False)),
                fields=("client_key",),
                name="event_once_per_client_key",
            ),
        ),
    ]
