"""Who answers, asked by record or by caller; the house's own words; how the API is used."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularSwaggerSplitView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from contacts.models import ContactRole
from crm.core.rest.filters import refuse_unknown
from crm.core.rest.views import Door
from crm.desk.api.serializers import ResolvedSerializer, ResolveInput, WordsSerializer
from crm.dossiers.lineage import lineage
from crm.dossiers.models import Channel, Dossier, Outcome, Purpose, Tier, Topic
from crm.poc.rest import no_more_than_reach, who_answers
from crm.poc.visibility import visible_homes
from crm.users.reader import zone_of
from interactions.callers import match
from interactions.models import TouchPoint

NOON = time(12)  # at which a day is answered for
NUMBERS = ("account", "contact", "project", "touch_point")


class ResolveView(Door, APIView):
    """Who answers. Everybody signed in may ask it about any record, and is told names and how to reach them."""

    action = "resolve"
    scopes = {"resolve": ("resolve",)}

    @extend_schema(operation_id="resolve", parameters=[ResolveInput], responses=ResolvedSerializer)
    def get(self, request: Request) -> Response:
        """Say who answers for a record or a caller, about a topic, at a moment; and why."""
        asked = self._asked()
        about = asked["topic"].code if asked.get("topic") else Topic.GENERAL
        at = self._moment(asked)
        matched = [asked["record"]] if asked["record"] else _callers(asked)
        door = None if len(matched) == 1 else TouchPoint.objects.for_list().get(is_default=True).dossier
        answers = self._answers([*matched, door] if door else matched, about, at)
        data = {
            "at": at,
            "topic": about,
            "matched": matched,
            "who_answers": answers[(door or matched[0]).pk],
            "candidates": [],
        }
        if len(matched) > 1:
            data["candidates"] = [
                {"kind": r.kind, "pk": r.pk, "title": r.title, "who_answers": answers[r.pk]} for r in matched
            ]
            data["who_answers"] = _common(data["candidates"]) or data["who_answers"]
        return Response(ResolvedSerializer(data).data)

    def _moment(self, asked: dict[str, Any]) -> datetime:
        """The moment asked about: by itself, by its day, else now."""
        if "on" in asked:
            return datetime.combine(asked["on"], NOON, tzinfo=zone_of(self.request.user))
        return asked.get("at") or self.at

    def _answers(self, records: list[Dossier], about: str, at: datetime) -> dict[int, dict[str, Any]]:
        """Who answers for each record, as it belonged then; outside the reader's view only who, and how to reach."""
        parents: dict[int, int | None] = {}
        for record in records if at < self.at else ():
            parents |= lineage(record.pk, at=at).parents
        found = who_answers([r.pk for r in records], at=at, about=[about], parents=parents)
        homes = visible_homes(self.request.user)
        seen = {r.pk for r in records if homes is None or r.home_id in homes}
        return {pk: values if pk in seen else no_more_than_reach(values) for pk, (values,) in found.items()}

    def _asked(self) -> dict[str, Any]:
        """Read the address as one reads a body; ids are numbers there too."""
        refuse_unknown(self.request, list(ResolveInput().fields))
        data: dict[str, Any] = self.request.query_params.dict()
        for name in NUMBERS:
            text = data.get(name, "")
            if text.isascii() and text.isdigit() and len(text) < 20:
                data[name] = int(text)
        for name in ("at",):
            data |= {name: data[name].replace(" ", "+")} if name in data else {}
        serializer = ResolveInput(data=data, context={"request": self.request})
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data  # type: ignore[no-any-return]


def _callers(asked: dict[str, Any]) -> list[Dossier]:
    return [contact.dossier for contact in match(phone=asked.get("phone", ""), email=asked.get("email", ""))]


def _common(candidates: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the one answer all candidates share, if they do."""
    first = candidates[0]["who_answers"]
    return first if all(c["who_answers"]["poc"] == first["poc"] for c in candidates) else None


class WordsView(Door, APIView):
    """The codes that the API gives and takes, with their labels."""

    action = "words"
    scopes = {"words": ("resolve", "log")}

    @extend_schema(operation_id="words", responses=WordsSerializer)
    def get(self, request: Request) -> Response:
        """List topics, tiers, channels, purposes, outcomes, contacts' roles and touch points in use."""
        outcomes = list(Outcome.objects.in_use().prefetch_related("channels"))
        for outcome in outcomes:
            outcome.on = [channel.code for channel in outcome.channels.all()]
        data = {
            "topics": Topic.objects.in_use(),
            "tiers": Tier.objects.in_use(),
            "channels": Channel.objects.in_use(),
            "purposes": Purpose.objects.in_use(),
            "outcomes": outcomes,
            "contact_roles": ContactRole.objects.in_use(),
            "touch_points": [door.dossier for door in TouchPoint.objects.current().for_list().order_by("pk")],
        }
        return Response(WordsSerializer(data).data)


class DocsView(SpectacularSwaggerSplitView):
    """The API's description, to read and to try."""

    template_name = "api/docs.html"
    permission_classes = ()  # its address asks to sign in
