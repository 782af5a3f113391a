"""The template every house begins with: what whoever takes over has to be told."""

from django.db import migrations

UPPER = ["a", "b"]  # codes of the tiers whose customers cannot wait for the rest
PARTS = [  # code, name, what is asked for, always required, required for these tiers
    ("context", "Context", "What they do with us, since when, and how it stands.", True, []),
    ("people", "People", "Who decides, who works with us, and how each wants to be spoken to.", True, []),
    ("promises", "Promises", "What they were promised, by when; also what is written nowhere.", True, []),
    ("risks", "Open risks", "What may go wrong, and what they are unhappy about.", False, UPPER),
    ("next_90_days", "Next 90 days", "Dates, renewals, offers and visits that are coming.", False, UPPER),
]


def fill(apps, schema_editor):
    tiers = {tier.code: tier for tier in apps.get_model("dossiers", "Tier").objects.filter(code__in=UPPER)}
    parts = apps.get_model("handovers", "BriefingPart").objects
    for position, (code, name, text, is_required, codes) in enumerate(PARTS, 1):
        defaults = {"name": name, "help": text, "position": position, "is_required": is_required}
        part, made = parts.get_or_create(code=code, defaults=defaults)
        if made:
            part.tiers.set([tiers[tier] for tier in codes if tier in tiers])


class Migration(migrations.Migration):
    dependencies = [("handovers", "0001_briefing_and_handover"), ("dossiers", "0003_words")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]  # reversing leaves what may be in use
