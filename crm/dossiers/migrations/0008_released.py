from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("dossiers", "0007_waiting_events"),
    ]

    operations = [
        migrations.AlterField(
            model_name="event",
            name="kind",
            field=models.CharField(
                choices=[
                    ("created", "created"),
                    ("changed", "changed"),
                    ("archived", "archived"),
                    ("restored", "restored"),
                    ("merged", "merged"),
                    ("unmerged", "merge undone"),
                    ("assigned", "who answers changed"),
                    ("unassigned", "nobody answers any more"),
                    ("handover_proposed", "handover proposed"),
                    ("handover_offered", "handover offered"),
                    ("handover_accepted", "handover accepted"),
                    ("handover_declined", "handover declined"),
                    ("handover_withdrawn", "handover withdrawn"),
                    ("left", "left"),
                    ("stayed", "leaving undone"),
                    ("shared", "shared with the customer"),
                    ("unshared", "no longer shared"),
                    ("absence_set", "absence entered"),
                    ("absence_ended", "absence ended"),
                    ("passed_on", "passed on"),
                    ("returned", "returned"),
                    ("logged", "logged"),
                    ("withdrawn", "undone"),
                    ("owed", "promised"),
                    ("acknowledged", "acknowledged"),
                    ("snoozed", "snoozed"),
                    ("waiting", "waiting for the customer"),
                    ("resumed", "no longer waiting"),
                    ("redue", "due moment changed"),
                    ("reassigned", "given to somebody else"),
                    ("kept", "done"),
                    ("reopened", "owed again"),
                    ("cancelled", "cancelled"),
                    ("escalated", "escalated"),
                    ("released", "planned again"),
                ],
                max_length=20,
            ),
        ),
    ]
