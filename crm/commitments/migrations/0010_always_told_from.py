from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("commitments", "0009_told_from")]
    operations = [
        migrations.AlterField(
            model_name="notification", name="tell_at", field=models.DateTimeField(verbose_name="told from")
        )
    ]
