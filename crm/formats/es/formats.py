"""Days and hours in Spanish."""

from crm.formats.small import *  # noqa: F403  # Django reads the names here
