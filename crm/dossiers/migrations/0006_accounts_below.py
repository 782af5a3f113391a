from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("dossiers", "0005_letters_of_a_name")]
    operations = [
        migrations.AddIndex(
            model_name="dossier",
            index=models.Index(
                fields=["parent", "id"],
                condition=models.Q(kind="account", parent__isnull=False),
                name="dossier_account_below",
            ),
        ),
        migrations.AddIndex(
            model_name="dossier",
            index=models.Index(
                fields=["home", "id"],
                condition=models.Q(
                    ("kind", "account"), models.Q(home__lt=models.F("id")) | models.Q(home__gt=models.F("id"))
                ),
                name="dossier_account_merged",
            ),
        ),
    ]
