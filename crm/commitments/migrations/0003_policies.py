"""One policy per kind of thing owed, with the ladder every house begins with."""

from django.db import migrations

POLICIES = {  # kind → name, what it is due after
    "follow_up": ("Follow-up", None, ""),
    "first_answer": ("First answer", 8, "working_hours"),
}
LADDER = [  # kind, amount, unit, counted from, slot
    ("reminder", -1, "working_days", "due", "poc"),
    ("reminder", 0, "working_hours", "due", "poc"),
    ("escalation", 4, "working_hours", "hand_off", "backup"),
    ("escalation", 1, "working_days", "hand_off", "lead"),
]


def add(apps, schema_editor):
    policies = apps.get_model("commitments", "Policy")
    versions = apps.get_model("commitments", "PolicyVersion")
    steps = apps.get_model("commitments", "Step")
    for kind, (name, amount, unit) in POLICIES.items():
        policy, is_new = policies.objects.get_or_create(kind=kind, retired_at=None, defaults={"name": name})
        if not is_new:
            continue
        version = versions.objects.create(policy=policy, target_amount=amount, target_unit=unit)
        steps.objects.bulk_create(
            steps(version=version, ordinal=n, kind=kind, amount=amount, unit=unit, anchor=anchor, slot=slot)
            for n, (kind, amount, unit, anchor, slot) in enumerate(LADDER)
        )


class Migration(migrations.Migration):
    dependencies = [("commitments", "0002_initial")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]  # reversing leaves what may be in use
