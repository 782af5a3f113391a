"""What contacts are at their firms, and what each is asked about."""

from django.db import migrations

ROLES = [
    ("decision_maker", "Decision maker", ["general", "commercial"]),
    ("buyer", "Buyer", ["commercial"]),
    ("billing", "Billing", ["billing"]),
    ("technical", "Technical", ["technical", "support"]),
    ("delivery", "Delivery", ["delivery"]),
    ("user", "User", []),
]


def fill(apps, schema_editor):
    topics = {topic.code: topic for topic in apps.get_model("dossiers", "Topic").objects.all()}
    for position, (code, name, about) in enumerate(ROLES, 1):
        role, made = apps.get_model("contacts", "ContactRole").objects.get_or_create(
            code=code, defaults={"name": name, "position": position}
        )
        if made:
            role.topics.set([topics[t] for t in about if t in topics])


class Migration(migrations.Migration):
    dependencies = [("contacts", "0001_initial"), ("dossiers", "0003_words")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
