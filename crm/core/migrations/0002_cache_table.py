"""The table of the cache that holds the sign-in limits (CACHES in crm/settings.py)."""

from django.core.management import call_command
from django.db import migrations


def create(apps, schema_editor):
    call_command("createcachetable", "crm_cache", database=schema_editor.connection.alias, verbosity=0)


def drop(apps, schema_editor):
    schema_editor.execute("DROP TABLE crm_cache")


class Migration(migrations.Migration):
    dependencies = [("core", "0001_clock")]
    operations = [migrations.RunPython(create, drop)]
