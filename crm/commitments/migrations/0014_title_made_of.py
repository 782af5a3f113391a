from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("commitments", "0013_watched")]
    operations = [migrations.AddField("commitment", "title_made_of", models.JSONField(null=True))]
