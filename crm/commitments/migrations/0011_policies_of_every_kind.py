"""Policies for the next update that was promised, and for keeping in touch, each with its ladder."""

from django.db import migrations

POLICIES = {  # kind → name, what it is due after
    "next_update": ("Next update", 1, "working_days"),
    "touch": ("Keeping in touch", None, ""),
}
LADDERS = {  # kind → kind, amount, unit, counted from, slot
    "next_update": [
        ("reminder", -2, "working_hours", "due", "poc"),
        ("reminder", 0, "working_hours", "due", "poc"),
        ("escalation", 4, "working_hours", "hand_off", "backup"),
        ("escalation", 1, "working_days", "hand_off", "lead"),
    ],
    "touch": [
        ("reminder", -5, "working_days", "due", "poc"),
        ("reminder", 0, "working_hours", "due", "poc"),
        ("escalation", 10, "working_days", "hand_off", "lead"),
    ],
}


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
            for n, (kind, amount, unit, anchor, slot) in enumerate(LADDERS[kind])
        )


class Migration(migrations.Migration):
    dependencies = [("commitments", "0010_always_told_from")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]  # reversing leaves what may be in use
