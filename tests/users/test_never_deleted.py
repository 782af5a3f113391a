"""Users and those who answer are deactivated, never deleted: the history names them."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.db.models import CASCADE, PROTECT, ManyToManyField, ProtectedError
from django.urls import reverse

from crm.poc.models import Membership, PointOfContact
from crm.users.models import User
from tests.factories.poc import AbsenceFactory, AssignmentFactory, GrantFactory, PersonFactory
from tests.factories.users import UserFactory

NEVER_DELETED = (User, PointOfContact)
MEANINGLESS_ALONE = {
    (Membership, "team"), (Membership, "member"),  # who is in a team now
    ("account.emailaddress", "user"), ("admin.logentry", "user"),  # not ours, and nobody is ever deleted
}  # fmt: skip
KEEPS = [
    pytest.param(field, id=f"{model._meta.label_lower}.{field.name}")
    for model in apps.get_models(include_auto_created=True)
    for field in model._meta.get_fields()
    if getattr(field, "remote_field", None) is not None
    and not field.auto_created
    and not isinstance(field, ManyToManyField)
    and field.related_model in NEVER_DELETED
]


def may_go_along(field):
    model = field.model
    own_table = model._meta.auto_created in NEVER_DELETED  # which roles a user has
    return own_table or bool({(model, field.name), (model._meta.label_lower, field.name)} & MEANINGLESS_ALONE)


@pytest.mark.parametrize("field", KEEPS)
def test_whoever_is_named_somewhere_cannot_be_deleted(field):
    assert field.remote_field.on_delete is (CASCADE if may_go_along(field) else PROTECT)


@pytest.mark.django_db
@pytest.mark.parametrize("factory", [AssignmentFactory, AbsenceFactory, GrantFactory])
def test_the_database_holds_it(factory):
    row = factory()
    with pytest.raises(ProtectedError):
        row.poc.delete()


@pytest.mark.django_db
def test_no_door_offers_it(client, api):
    client.force_login(UserFactory(superuser=True))
    poc = PersonFactory(signs_in=True)
    for row in (poc, poc.user):
        model_admin = admin.site._registry[type(row)]
        assert "delete_selected" not in model_admin.get_actions(client.get("/admin/").wsgi_request)
        name = f"admin:{row._meta.app_label}_{row._meta.model_name}_delete"
        assert client.post(reverse(name, args=[row.pk]), {"post": "yes"}).status_code in (403, 404)
    api.force_authenticate(UserFactory(superuser=True))
    assert api.delete(f"/api/v1/pocs/{poc.pk}/").status_code == 405
    assert PointOfContact.objects.filter(pk=poc.pk).exists() and User.objects.filter(pk=poc.user_id).exists()
