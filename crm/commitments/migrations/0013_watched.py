from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    dependencies = [("commitments", "0012_recurring_from")]
    operations = [
        migrations.AddIndex(
            model_name="commitment",
            index=models.Index(
                fields=["next_action_at"], condition=Q(next_action_at__gt=F("anchor_at")), name="commitment_put_off"
            ),
        ),
        migrations.AddIndex(
            model_name="commitment",
            index=models.Index(
                fields=["quarantined_at"],
                condition=Q(closed_at=None, quarantined_at__isnull=False),
                name="commitment_set_aside",
            ),
        ),
        migrations.AddIndex(
            model_name="notification",
            index=models.Index(
                fields=["created_at"],
                condition=Q(kind__in=["undelivered", "perhaps_undelivered", "audit"]),
                name="notification_of_trouble",
            ),
        ),
    ]
