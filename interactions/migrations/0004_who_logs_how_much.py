"""PostgreSQL keeps count of everybody who logs, not of the hundred who log most.

A narrowed reader's list shows what they logged beside what their homes hold: without the count,
the planner takes somebody who logs little for one of the many, and reads far down to find them.
"""

from django.db import migrations

MOST = 1000  # users whose share is known; more than a firm of this kind has
USUAL = -1


def keep(n):
    def count(apps, schema_editor):
        if schema_editor.connection.vendor == "postgresql":
            for column in ("logged_by_id", "home_id"):
                schema_editor.execute(f"ALTER TABLE interactions_interaction ALTER COLUMN {column} SET STATISTICS {n}")

    return count


class Migration(migrations.Migration):
    dependencies = [("interactions", "0003_callers_to_sort")]
    operations = [migrations.RunPython(keep(MOST), keep(USUAL))]
