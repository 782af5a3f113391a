from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("dossiers", "0008_released"),
    ]

    operations = [
        migrations.AlterField(
            model_name="event",
            name="source",
            field=models.CharField(
                choices=[
                    ("page", "page"),
                    ("admin", "administration"),
                    ("api", "API"),
                    ("task", "automatic"),
                    ("import", "import"),
                    ("system", "system"),
                    ("mail", "link in a mail"),
                ],
                max_length=8,
            ),
        ),
    ]
