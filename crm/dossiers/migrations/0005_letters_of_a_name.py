"""Read by the look-up: any letters of a record's name; PostgreSQL only."""

from django.db import migrations

INDEXES = {  # name → table and column
    "dossier_letters": ("dossiers_dossier", "title_key"),
}


def create(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for name, (table, column) in INDEXES.items():
            schema_editor.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {table} USING gin ({column} gin_trgm_ops)")


def drop(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for name in INDEXES:
            schema_editor.execute(f"DROP INDEX IF EXISTS {name}")


class Migration(migrations.Migration):
    dependencies = [("dossiers", "0004_more_events"), ("core", "0004_pg_trgm")]
    operations = [migrations.RunPython(create, drop)]
