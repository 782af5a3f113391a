"""People who sign in and their roles, in the administration."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import Group, Permission
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from crm.commitments.models import Commitment
from crm.core import clock
from crm.core.admin_base import AdminForm, ReadOnly, Section
from crm.core.forms import ZoneField
from crm.desk import set_up
from crm.desk.acts import Act, ActsAdmin
from crm.desk.administration import PlainAdmin, ReadAdmin, ToldActedAdmin, actor
from crm.users.actions import SignsInAlready, change_user, set_active
from crm.users.models import ApiToken, Role, RoleScope, User
from crm.users.roles import LABELS, SALES_REP
from interactions.models import Interaction

WRITTEN_ELSEWHERE = (Interaction, Commitment)  # to be read here, but pages and the API ask for these permissions

admin.site.unregister(Group)
admin.site.unregister(EmailAddress)


class RoleChoice(forms.ModelChoiceField):
    def label_from_instance(self, obj: Group) -> str:
        return str(LABELS.get(obj.name, obj.name))


class RolesChoice(forms.ModelMultipleChoiceField):
    def label_from_instance(self, obj: Group) -> str:
        return str(LABELS.get(obj.name, obj.name))


class UserForm(AdminForm, forms.ModelForm):
    """Who somebody is; a new one gets a link to choose a password."""

    role = RoleChoice(Group.objects.all(), to_field_name="name", label=_("Role"), empty_label=None, initial=SALES_REP)
    groups = RolesChoice(Group.objects.all(), label=_("Roles"), required=False, widget=forms.CheckboxSelectMultiple)
    time_zone = ZoneField(label=_("Time zone"), max_length=64, required=False, help_text=_("Empty: the firm’s."))

    class Meta:
        model = User
        fields = ("name", "email", "groups", "language", "time_zone")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["role" if self.instance.pk else "groups"]

    def _post_clean(self) -> None:
        """The action validates and writes; the form's own instance stays as it was read."""


@admin.register(User)
class UserAdmin(ActsAdmin, ToldActedAdmin):
    """Nobody is ever deleted: history keeps them. Whoever answers stops signing in by leaving."""

    section = Section.PEOPLE
    place = 10
    form = UserForm
    list_display = ("name", "email", "roles", "poc", "is_active", "last_login")
    list_filter = ("is_active",)
    list_select_related = ("poc",)
    search_fields = ("email", "name")
    ordering = ("name", "pk")
    actions = ("invite_again",)
    acts = (
        Act("leave", _("Signs in no longer"), "leave_form", "users.change_user", unless=lambda u: not u.is_active),
        Act("return", _("Signs in again"), "return_form", "users.change_user", unless=lambda u: u.is_active),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).select_related("poc").prefetch_related("groups")

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        return ("is_active",) if obj else ()

    def get_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        if obj is None:
            return ("name", "email", "role")
        return ("name", "email", "groups", "language", "time_zone", "is_active")

    def found(self, term: str) -> Q:
        return Q(email__contains=term.lower()) | Q(name__icontains=term)

    @admin.display(description=_("roles"))
    def roles(self, obj: User) -> str:
        return ", ".join(str(LABELS.get(group.name, group.name)) for group in obj.groups.all())

    @admin.display(description=_("answers as"))
    def poc(self, obj: User) -> Any:
        return getattr(obj, "poc", None)

    def act(self, request: HttpRequest, form: Any, changed: User | None) -> User:
        values = form.cleaned_data
        if changed is None:
            return self._invite(request, values)
        return change_user(
            user=changed, name=values["name"], email=values["email"], groups=values["groups"],
            language=values["language"], time_zone=values["time_zone"], by=actor(request), at=clock.of(request),
        )  # fmt: skip

    def leave_form(self, request: HttpRequest, user: User) -> HttpResponse:
        """Ask once more; of whoever answers, go where one says who follows."""
        poc = getattr(user, "poc", None)
        if poc is not None and poc.deactivated_at is None:
            return redirect("handovers:leave", poc.pk)
        return self._sign_in(request, user, is_active=False)

    def return_form(self, request: HttpRequest, user: User) -> HttpResponse:
        return self._sign_in(request, user, is_active=True)

    def _sign_in(self, request: HttpRequest, user: User, *, is_active: bool) -> HttpResponse:
        """Ask once more whether somebody may sign in from now on."""
        text = _t("%(name)s can sign in again.") if is_active else _t("%(name)s cannot sign in any more.")

        def act(values: dict[str, Any]) -> str:
            set_active(user=user, is_active=is_active, by=actor(request), at=clock.of(request))
            return text % {"name": user.name}

        return self.act_page(request, user, forms.Form, act, dangerous=not is_active)

    def _invite(self, request: HttpRequest, values: dict[str, Any]) -> User:
        person = (values["name"], values["email"].lower())
        invited = set_up.invite(people=[person], role=values["role"].name, by=actor(request), at=clock.of(request))
        if invited.known:
            raise SignsInAlready(SignsInAlready.default_message % {"value": person[1]})
        if invited.unsent:
            self.message_user(request, _t("The invitation could not be sent. Try again later."), messages.WARNING)
        return invited.users[0]

    @admin.action(description=_("Send a link to choose a password"), permissions=["change"])
    def invite_again(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        people = list(queryset.filter(is_active=True)[:50])
        unsent = set_up.send_invitations(people, actor(request))
        if unsent:
            self.message_user(request, _t("Not sent: %(who)s") % {"who": ", ".join(unsent)}, messages.ERROR)
        else:
            self.message_user(request, _t("Sent: %(who)s") % {"who": ", ".join(p.email for p in people)})


class PermissionsField(forms.ModelMultipleChoiceField):
    """Permissions by what they allow, in the reader's language."""

    widget = forms.CheckboxSelectMultiple
    ACTS = {"view": _("see"), "add": _("add"), "change": _("change")}

    def label_from_instance(self, obj: Permission) -> str:
        model = obj.content_type.model_class()
        name = model._meta.verbose_name_plural if model else obj.content_type.model
        return f"{str(name).capitalize()}: {self.ACTS.get(obj.codename.split('_')[0], obj.name)}"


class RoleForm(AdminForm, forms.ModelForm):
    sees = forms.ChoiceField(label=_("Sees"), choices=RoleScope.Sees.choices)
    permissions = PermissionsField(Permission.objects.none(), label=_("May"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        shown = Q()
        for model, model_admin in admin.site._registry.items():
            if isinstance(model_admin, ReadOnly) and model not in WRITTEN_ELSEWHERE:
                continue
            shown |= Q(content_type__app_label=model._meta.app_label, content_type__model=model._meta.model_name)
        rows = Permission.objects.filter(shown).exclude(codename__startswith="delete_").select_related("content_type")
        self.initial["sees"] = self.instance.scope.sees if hasattr(self.instance, "scope") else RoleScope.Sees.ALL
        self.fields["permissions"].queryset = rows.order_by("content_type__app_label", "content_type__model", "pk")


@admin.register(Role)
class RoleAdmin(PlainAdmin):
    """The shipped roles: what each sees, and what it may do."""

    section = Section.PEOPLE
    place = 20
    form = RoleForm
    list_display = ("__str__", "sees")
    list_select_related = ("scope",)
    ordering = ("pk",)
    fields = ("sees", "permissions")

    @admin.display(description=_("sees"))
    def sees(self, obj: Role) -> str:
        return (obj.scope if hasattr(obj, "scope") else RoleScope()).get_sees_display()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        RoleScope.objects.update_or_create(group=form.instance, defaults={"sees": form.cleaned_data["sees"]})
        super().save_related(request, form, formsets, change)


@admin.register(ApiToken)
class ApiTokenAdmin(ReadAdmin):
    """To be read: owners make and revoke them on their own page."""

    section = Section.PEOPLE
    place = 30
    event_key = "token"
    list_display = ("name", "user", "prefix", "created_at", "expires_at", "last_used_at", "revoked_at")
    list_select_related = ("user",)
    ordering = ("-pk",)
    fields = ("name", "user", "prefix", "created_at", "expires_at", "last_used_at", "revoked_at")
