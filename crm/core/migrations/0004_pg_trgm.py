"""What finding letters in the middle of a name needs; PostgreSQL only."""

from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("core", "0003_btree_gist")]
    operations = [TrigramExtension()]
