"""What addresses may hold."""

from django.urls.converters import IntConverter


class IdConverter(IntConverter):
    """`<id:pk>`: a number every database can compare with a key; a longer one is no address of ours."""

    regex = "[0-9]{1,18}"
