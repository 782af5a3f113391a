"""Records as the API names them beside something else."""

from rest_framework import serializers

from crm.dossiers.models import Dossier


class RecordSerializer(serializers.Serializer):
    """An account, contact, project or touch point, by kind, id and name. Ids are unique over all kinds."""

    kind = serializers.ChoiceField(Dossier.Kind.choices)
    id = serializers.IntegerField(source="pk")
    name = serializers.CharField(source="title")
