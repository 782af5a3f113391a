"""Policies in the administration: what each matches, their order, their versions, a preview and a dry run."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_POST

from crm.commitments.models import Policy, PolicyVersion
from crm.commitments.policy import describing, writing_policies
from crm.commitments.policy.dry_run import MOST, dry_run
from crm.commitments.policy.policy_checks import StepTerms, Terms, calendar_of, refuse_bad
from crm.commitments.policy.previewing import preview
from crm.core import clock
from crm.core.admin_base import Section
from crm.core.refusals import Refused
from crm.desk.acts import Act, ActsAdmin
from crm.desk.administration import ToldActedAdmin, actor
from crm.desk.policy_forms import HoursForm, PolicyForm, VersionForms, with_more_rows

VERSIONS_SHOWN = 20


class UsedFilter(admin.SimpleListFilter):
    """What is no longer used is shown only when asked for."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("retired", _("No longer used"))]

    def choices(self, changelist: Any) -> Any:
        first, *others = super().choices(changelist)
        return [first | {"display": _("In use")}, *others]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(retired_at__isnull=self.value() != "retired")


class PolicyAdmin(ActsAdmin, ToldActedAdmin):
    """Of a kind's policies the first that matches decides; its terms are in its versions."""

    section = Section.OWED
    place = 20
    event_key = "policy"
    form = PolicyForm
    list_display = ("label", "kind", "matches", "is_due", "retired_at")
    list_filter = ("kind", UsedFilter)
    ordering = ("kind", "position", "pk")
    actions = ("ask_earlier", "ask_later")
    change_form_template = "admin/commitments/policy.html"
    acts = (
        Act(
            "version", _("New version"), "version_page", "commitments.change_policy",
            lambda p: p.retired_at is not None,
        ),
        Act("try", _("Try on last month"), "try_page", "commitments.view_policy"),
        Act(
            "retire", _("Use no more"), "retire_page", "commitments.change_policy",
            lambda p: p.retired_at is not None or writing_policies.is_rest(p),
        ),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Policy]:
        return super().get_queryset(request).select_related(*Policy.CRITERIA[1:])

    def get_urls(self) -> list[Any]:
        move = self.admin_site.admin_view(require_POST(self.move_view))
        return [path("<path:object_id>/move/", move, name="commitments_policy_move"), *super().get_urls()]

    def get_fields(self, request: HttpRequest, obj: Policy | None = None) -> Any:
        if obj is None:
            return ("kind", "name", *Policy.CRITERIA)
        return ("kind", "name") if writing_policies.is_rest(obj) else ("kind", "name", *Policy.CRITERIA)

    def get_readonly_fields(self, request: HttpRequest, obj: Policy | None = None) -> Any:
        return ("kind",) if obj else ()

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.retired_at is None)

    def prepare_rows(self, request: HttpRequest, rows: Sequence[Any]) -> None:
        found = PolicyVersion.objects.newest().filter(policy__in=rows)
        newest = {version.policy_id: version for version in found}
        for row in rows:
            row.newest = newest.get(row.pk)

    @admin.display(description=pgettext_lazy("thing", "name"), ordering="name")
    def label(self, obj: Policy) -> str:
        return str(obj)

    @admin.display(description=_("for"))
    def matches(self, obj: Policy) -> str:
        return describing.match_words(obj)

    @admin.display(description=_("due"))
    def is_due(self, obj: Any) -> str:
        newest = obj.newest
        if newest is None:
            return ""
        return describing.due_words(Terms(target_amount=newest.target_amount, target_unit=newest.target_unit))

    def act(self, request: HttpRequest, form: Any, changed: Policy | None) -> Policy:
        values = {**form.cleaned_data, "by": actor(request), "at": clock.of(request)}
        if changed is None:
            return writing_policies.add_policy(**values)
        return writing_policies.change_policy(policy=changed, **values)

    # --- Their order ---

    @admin.action(description=_("Ask it earlier"), permissions=["change"])
    def ask_earlier(self, request: HttpRequest, queryset: QuerySet[Policy]) -> None:
        self._move(request, queryset, up=True)

    @admin.action(description=_("Ask it later"), permissions=["change"])
    def ask_later(self, request: HttpRequest, queryset: QuerySet[Policy]) -> None:
        self._move(request, queryset, up=False)

    def move_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Move one up or down, and show it again."""
        policy = self.get_object(request, object_id)
        if policy is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not self.has_change_permission(request, policy):
            raise PermissionDenied
        self._move(request, [policy], up=request.POST.get("way") == "up")
        return HttpResponseRedirect(reverse("admin:commitments_policy_change", args=[policy.pk]))

    def _move(self, request: HttpRequest, policies: Any, *, up: bool) -> None:
        for policy in policies:
            try:
                writing_policies.move_policy(policy=policy, up=up, by=actor(request), at=clock.of(request))
            except Refused as refusal:
                self.message_user(request, f"{policy}: {refusal.messages[0]}", messages.ERROR)

    # --- Its pages ---

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        obj = kwargs.get("obj")
        if obj is not None:
            context |= self._shown(obj) | {"may_move": self._may_move(request, obj)}
            newest = context["versions"][0][2] if context["versions"] else None
            whose = HoursForm({"whose": request.GET.get("whose", "")})
            context |= _previewed(newest, whose, clock.of(request)) if newest else {}
            context["media"] += whose.media
        return super().render_change_form(request, context, *args, **kwargs)

    def _may_move(self, request: HttpRequest, policy: Policy) -> bool:
        return self.has_change_permission(request, policy) and not writing_policies.is_rest(policy)

    def _shown(self, policy: Policy) -> dict[str, Any]:
        """Return the versions, newest first, each with its terms and what it changed; and the newest in words."""
        rows = list(writing_policies.versions_of(policy)[: VERSIONS_SHOWN + 1])
        terms = [writing_policies.terms_of(row) for row in rows]
        olds = [*terms[1:], None]
        versions = [
            (row, describing.differences(old, new) if old else [], new)
            for row, old, new in zip(rows, olds, terms, strict=True)
        ]
        words = {"terms": describing.terms_words(terms[0]), "steps": _steps(terms[0])} if terms else {}
        order = list(Policy.objects.in_use().filter(kind=policy.kind).order_by("position", "pk"))
        return words | {
            "versions": versions[:VERSIONS_SHOWN],
            "match": describing.match_words(policy),
            "order": order if len(order) > 1 else [],
        }

    def version_page(self, request: HttpRequest, policy: Policy) -> HttpResponse:
        """Write a new version: see what it would do as often as one likes, then save it."""
        newest = writing_policies.newest_of(policy)
        is_more = "more" in request.POST
        data = with_more_rows(request.POST) if is_more else request.POST
        written = VersionForms(data or None, writing_policies.terms_of(newest), newest.number)
        whose = HoursForm(request.POST or None)
        context: dict[str, Any] = {}
        if request.method == "POST" and not is_more and written.is_valid():
            try:
                terms = written.terms()
                if "save" in request.POST:
                    return self._save_version(request, policy, terms, written.began_with)
                refuse_bad(terms, kind=policy.kind, at=clock.of(request))
                is_try = "try" in request.POST
                context = self._tried(request, policy, terms) if is_try else _previewed(terms, whose, clock.of(request))
            except Refused as refusal:
                written.refuse(refusal)
        is_wrong = written.terms_form.is_bound and not is_more and not written.is_valid()
        page = self._page(request, policy, "version") | context | {
            "written": written, "whose": whose, "media": self.media + written.media, "is_wrong": is_wrong,
        }  # fmt: skip
        return TemplateResponse(request, "admin/commitments/version.html", page, status=422 if is_wrong else 200)

    def _save_version(self, request: HttpRequest, policy: Policy, terms: Terms, began_with: int | None) -> HttpResponse:
        version = writing_policies.write_version(
            policy=policy, terms=terms, began_with=began_with, by=actor(request), at=clock.of(request)
        )
        if version.is_for_open:
            said = _t("Version %(n)s is in force, for what is owed already too.") % {"n": version.number}
        else:
            said = _t("Version %(n)s is in force for what is promised from now on.") % {"n": version.number}
        self.message_user(request, said, messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:commitments_policy_change", args=[policy.pk]))

    def _tried(self, request: HttpRequest, policy: Policy, terms: Terms) -> dict[str, Any]:
        return {"ran": dry_run(policy, terms, user=request.user, at=clock.of(request)), "most": MOST}

    def try_page(self, request: HttpRequest, policy: Policy) -> HttpResponse:
        """Show what the version in force would have done in the last month."""
        terms = writing_policies.terms_of(writing_policies.newest_of(policy))
        page = self._page(request, policy, "try") | self._tried(request, policy, terms)
        return TemplateResponse(request, "admin/commitments/dry_run.html", page)

    def retire_page(self, request: HttpRequest, policy: Policy) -> HttpResponse:
        """Ask once more, then use it no more."""

        def act(values: dict[str, Any]) -> str:
            writing_policies.retire_policy(policy=policy, by=actor(request), at=clock.of(request))
            return _t("It is no longer used: the next one that matches decides.")

        return self.act_page(request, policy, RetireForm, act)

    def _page(self, request: HttpRequest, policy: Policy, name: str) -> dict[str, Any]:
        shown = next(act for act in self.acts if act.name == name)
        return self.admin_site.each_context(request) | {
            "title": shown.label, "subtitle": str(policy), "opts": self.opts, "original": policy, "media": self.media,
            "match": describing.match_words(policy), "kind": policy.get_kind_display(),
        }  # fmt: skip


class RetireForm(forms.Form):
    sure = forms.BooleanField(
        label=_("What is owed already stays under it; what is promised from now on comes under the next that matches.")
    )


def _steps(terms: Terms) -> list[str]:
    return [describing.step_words(step) for step in terms.steps]


def _previewed(terms: Terms, whose: HoursForm, at: datetime) -> dict[str, Any]:
    """Return the next ten deadlines, each with its steps and whom they would tell, and in whose hours they count."""
    known = calendar_of(terms, whose.poc)
    samples = [
        (sample, [(fired, _who(terms.steps[fired.step.ordinal])) for fired in sample.steps])
        for sample in preview(terms, at=at, known=known)
    ]
    answers = whose.poc if terms.calendar is None else None
    return {
        "samples": samples,
        "hours": known,
        "answers": answers,
        "whose": whose,
        "may_choose": terms.calendar is None,
    }


def _who(step: StepTerms) -> str:
    return step.poc.name if step.poc else describing.slot_words(step.slot)
