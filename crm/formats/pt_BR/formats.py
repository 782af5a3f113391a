"""Days and hours in Brazilian Portuguese."""

from crm.formats.small import *  # noqa: F403  # Django reads the names here
