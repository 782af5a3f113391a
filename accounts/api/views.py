"""Accounts."""

from __future__ import annotations

from typing import Any

from django.db.models import BigAutoField, CharField, DateTimeField
from django.db.models.functions import Coalesce
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.actions import change_account, open_account
from accounts.api.filters import AccountFilterSet
from accounts.api.serializers import AccountInput, AccountSerializer, MergeInput
from accounts.models import Account
from crm.core.paging import LONG_AGO, Order
from crm.core.rest.views import RecordViewSet
from crm.desk.merging import merge
from crm.desk.unmerging import UndoneAlready, merged_by, unmerge
from crm.handovers.rest import Archivable
from crm.poc.rest import AnsweredFor


class AccountViewSet(Archivable, AnsweredFor, RecordViewSet):
    """Organisations: prospects, customers, partners, suppliers."""

    queryset = Account.objects.all()
    serializer_class = AccountSerializer
    filterset_class = AccountFilterSet
    orders = {
        "name": Order("dossier__title_key", CharField()),
        "id": Order("pk", BigAutoField()),
        "last_touch_at": Order(Coalesce("last_touch_at", LONG_AGO), DateTimeField()),
    }
    ordering = "name"
    conflicts = Archivable.conflicts | {"same_account", "undone_already", "merged_on", "too_late"}
    field_names = {"a": "", "b": "account"}

    def get_queryset(self) -> Any:
        return Account.objects.visible_to(self.request.user).for_list()

    @extend_schema(request=AccountInput, responses={201: AccountSerializer})
    def create(self, request: Request) -> Response:
        """Open an account."""
        account = open_account(**self.read(AccountInput), by=self.by, at=self.at)
        return self.created(account, Account.objects.for_list())

    @extend_schema(request=AccountInput)
    def partial_update(self, request: Request, id: int) -> Response:
        """Change what is given; the rest stays."""
        account = self.get_object()
        stays = {"name": account.name, "tier": account.dossier.tier, "parent": _parent(account)}
        change_account(account=account, **(stays | self.read(AccountInput, partial=True)), by=self.by, at=self.at)
        return self.again(account)

    @extend_schema(request=MergeInput)
    @action(detail=True, methods=["post"])
    def merge(self, request: Request, id: int) -> Response:
        """Let this be the firm that another account was too; it has everything from then on."""
        self._refuse_without_answers()
        said = self.read(MergeInput)
        merge(keep=self.get_object(), drop=said["account"], take=said["take"], by=self.by, at=self.at)
        return self.again(self.get_object())

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def unmerge(self, request: Request, id: int) -> Response:
        """Undo the merge of this account into another, within thirty days; what has changed since stays there."""
        self._refuse_without_answers()
        account = self.get_object()
        event = merged_by(account)
        if event is None:
            raise UndoneAlready
        unmerge(event=event, by=self.by, at=self.at)
        return self.again(account, Account.objects.for_list())

    def _refuse_without_answers(self) -> None:
        """A merge changes who answers too."""
        if not self.request.user.has_perm("poc.change_assignment"):
            raise PermissionDenied


def _parent(account: Account) -> Account | None:
    return Account.objects.select_related("dossier").filter(pk=account.dossier.parent_id).first()
