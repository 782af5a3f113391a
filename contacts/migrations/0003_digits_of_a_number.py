"""Read by the look-up: any digits of a number, any part of an address; PostgreSQL only."""

from django.db import migrations

INDEXES = {  # name → table and column
    "contact_phone_any_digits": ("contacts_contactphone", "digits"),
    "contact_phone_any_e164": ("contacts_contactphone", "e164"),
    "contact_email_any_part": ("contacts_contactemail", "address_key"),
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
    dependencies = [("contacts", "0002_roles"), ("core", "0004_pg_trgm")]
    operations = [migrations.RunPython(create, drop)]
