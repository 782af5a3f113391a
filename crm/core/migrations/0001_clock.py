"""The one clock (crm.core.clock). Tests move it by replacing these definitions; nothing else does."""

from django.db import migrations

POSTGRES = "CREATE OR REPLACE FUNCTION crm_now() RETURNS timestamptz LANGUAGE sql STABLE AS 'SELECT now()'"
SQLITE = "CREATE VIEW crm_clock AS SELECT strftime('%Y-%m-%d %H:%M:%f', 'now') AS now"


def create(apps, schema_editor):
    schema_editor.execute(SQLITE if schema_editor.connection.vendor == "sqlite" else POSTGRES, params=None)


def drop(apps, schema_editor):
    sqlite = schema_editor.connection.vendor == "sqlite"
    schema_editor.execute("DROP VIEW crm_clock" if sqlite else "DROP FUNCTION crm_now()")


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [migrations.RunPython(create, drop)]
