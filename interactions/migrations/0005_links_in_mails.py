from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("interactions", "0004_who_logs_how_much"),
    ]

    operations = [
        migrations.AlterField(
            model_name="interaction",
            name="via",
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
                default="page",
                max_length=8,
            ),
        ),
    ]
