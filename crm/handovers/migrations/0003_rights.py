"""What roles may do with handovers, where they were granted theirs before there were any.

A new house is granted everything after migrating (crm.desk.apps).
"""

from django.db import migrations

READERS = ["administrator", "account_manager", "project_manager", "sales_rep", "support", "read_only"]
MAY = {  # model → permission → roles
    "handover": {
        "view": READERS,
        "add": ["administrator", "account_manager", "project_manager", "sales_rep", "support"],
        "change": ["administrator"],
    },
    "briefingpart": {"view": READERS, "add": ["administrator"], "change": ["administrator"]},
}
NAMES = {"handover": "handover", "briefingpart": "part of a briefing"}


def grant(apps, schema_editor):
    groups = apps.get_model("auth", "Group").objects.exclude(permissions=None)
    types = apps.get_model("contenttypes", "ContentType").objects
    permissions = apps.get_model("auth", "Permission").objects
    for model, acts in MAY.items():
        for act, roles in acts.items():
            for group in groups.filter(name__in=roles):
                content_type, _made = types.get_or_create(app_label="handovers", model=model)
                permission, _made = permissions.get_or_create(
                    content_type=content_type, codename=f"{act}_{model}", defaults={"name": f"Can {act} {NAMES[model]}"}
                )
                group.permissions.add(permission)


class Migration(migrations.Migration):
    dependencies = [
        ("handovers", "0002_briefing_parts"),
        ("users", "0002_roles"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
