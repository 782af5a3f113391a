"""One group per role; what each may do is granted after migrating (crm.desk.apps)."""

from django.db import migrations

ROLES = ["administrator", "account_manager", "project_manager", "sales_rep", "support", "read_only"]


def fill(apps, schema_editor):
    for name in ROLES:
        apps.get_model("auth", "Group").objects.get_or_create(name=name)


class Migration(migrations.Migration):
    dependencies = [("users", "0001_initial")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
