from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("commitments", "0011_policies_of_every_kind"),
    ]

    operations = [
        migrations.AddField(
            model_name="commitment",
            name="recur_from",
            field=models.DateTimeField(null=True),
        ),
    ]
