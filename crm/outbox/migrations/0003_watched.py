from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("outbox", "0002_breaker")]
    operations = [
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                fields=["ended_at"], condition=Q(state__in=["dead", "uncertain"]), name="message_undelivered"
            ),
        ),
        migrations.AddIndex(
            model_name="deliveryattempt",
            index=models.Index(fields=["intent_at"], name="attempt_by_moment"),
        ),
    ]
