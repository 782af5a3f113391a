"""The words every firm starts with. Names are English; pages show them in the reader's language."""

from django.db import migrations

TOPICS = [("general", "General"), ("commercial", "Commercial"), ("technical", "Technical"), ("delivery", "Delivery"), ("billing", "Billing"), ("support", "Support")]
TIERS = [("a", "A", 30), ("b", "B", 60), ("c", "C", 120)]
CHANNELS = [  # code, name, icon, verb
    ("phone", "Phone", "phone", "call"),
    ("email", "E-mail", "mail", "write"),
    ("chat", "Live chat", "chat", "write"),
    ("chatbot", "Chatbot", "bot", "write"),
    ("social", "Social media", "social", "write"),
    ("in_person", "In person", "in-person", "meet"),
    ("shop", "Shop", "shop", "meet"),
    ("event", "Event", "event", "meet"),
    ("web_form", "Web form", "form", "write"),
    ("letter", "Letter", "letter", "write"),
    ("other", "Other", "more", "write"),
]
PURPOSES = [  # code, name, expects an answer, wants a resolution, who answers is told at once
    ("inquiry", "Inquiry", True, False, False),
    ("problem", "Problem", True, True, False),
    ("complaint", "Complaint", True, True, True),
    ("request", "Request", True, False, False),
    ("feedback", "Feedback", False, False, False),
    ("update", "Update", False, False, False),
    ("outreach", "Outreach", False, False, False),
]
CALLS, WRITTEN, MET = ["phone"], ["email", "chat", "chatbot", "social", "web_form", "letter", "other"], ["in_person", "shop", "event"]
OUTCOMES = [  # code, name, channels, what follows
    ("reached", "Reached", CALLS, {"keeps_promise": True}),
    ("no_answer", "No answer", CALLS, {"is_touch": False, "asks_retry": True}),
    ("left_message", "Left a message", CALLS, {}),
    ("call_back", "Call back", CALLS, {"expects_answer": True, "tells_at_once": True}),
    ("resolved", "Resolved", CALLS + WRITTEN + MET, {"keeps_promise": True, "is_final": True}),
    ("wrong_number", "Wrong number", CALLS, {"is_touch": False, "number_is_wrong": True}),
    ("missed", "Missed", CALLS, {"is_touch": False, "expects_answer": True, "is_inbound_only": True}),
    ("answered", "Answered", WRITTEN, {"keeps_promise": True}),
    ("sent", "Sent", WRITTEN, {}),
    ("undelivered", "Not delivered", WRITTEN, {"is_touch": False, "asks_retry": True}),
    ("met", "Met", MET, {"keeps_promise": True}),
    ("not_there", "Was not there", MET, {"is_touch": False, "asks_retry": True}),
]


def fill(apps, schema_editor):
    model = lambda name: apps.get_model("dossiers", name).objects  # noqa: E731
    for position, (code, name) in enumerate(TOPICS, 1):
        model("Topic").get_or_create(code=code, defaults={"name": name, "position": position})
    for position, (code, name, days) in enumerate(TIERS, 1):
        model("Tier").get_or_create(code=code, defaults={"name": name, "position": position, "touch_every_days": days})
    for position, (code, name, icon, verb) in enumerate(CHANNELS, 1):
        model("Channel").get_or_create(code=code, defaults={"name": name, "position": position, "icon": icon, "verb": verb})
    for position, (code, name, answer, resolution, at_once) in enumerate(PURPOSES, 1):
        defaults = {"name": name, "position": position, "expects_answer": answer, "wants_resolution": resolution, "tells_at_once": at_once}
        model("Purpose").get_or_create(code=code, defaults=defaults)
    channels = {channel.code: channel for channel in model("Channel").all()}
    for position, (code, name, on, follows) in enumerate(OUTCOMES, 1):
        outcome, made = model("Outcome").get_or_create(code=code, defaults={"name": name, "position": position, **follows})
        if made:
            outcome.channels.set([channels[c] for c in on])
    model("Firm").get_or_create(pk=1)


class Migration(migrations.Migration):
    dependencies = [("dossiers", "0002_initial")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
