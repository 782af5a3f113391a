"""What exclusion constraints over an id and a period need; PostgreSQL only."""

from django.contrib.postgres.operations import BtreeGistExtension
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("core", "0002_cache_table")]
    operations = [BtreeGistExtension()]
