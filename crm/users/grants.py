"""Give the shipped roles their permissions."""

from django.contrib.auth.models import Group, Permission

from crm.users.roles import MAY


def grant_shipped(*, using: str) -> None:
    """Grant each role without any permission what it is shipped with. Safe to run again."""
    every = {
        (p.content_type.app_label + "." + p.content_type.model, p.codename.split("_")[0]): p
        for p in Permission.objects.using(using).select_related("content_type")
    }
    for group in Group.objects.using(using).filter(name__in=MAY, permissions=None):
        granted = [
            permission
            for (model, act), permission in every.items()
            if model in MAY[group.name].get(act, []) or "*" in MAY[group.name].get(act, [])
        ]
        group.permissions.add(*granted)
