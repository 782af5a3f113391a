"""Who answers for the accounts that were brought in, and which of them are gaps."""

from datetime import datetime

from crm.desk import gaps
from crm.dossiers.models import Dossier
from crm.poc.models import Assignment
from crm.poc.resolve import Question, resolve_many
from tests.factories.dossiers import topic
from tests.factories.users import UserFactory


def alone(*, at: datetime) -> set[int]:
    """Return the accounts only the front desk answers for.

    Every account is answered for; these are exactly those for which nobody is named, on them or
    above, and exactly those the gap report lists.
    """
    general = topic().pk
    accounts = list(Dossier.objects.filter(kind="account").values_list("pk", flat=True))
    answers = resolve_many([Question(pk, general) for pk in accounts], at=at)
    assert len(answers) == len(accounts) and all(answer.poc_id for answer in answers.values())
    named = set(Assignment.objects.at(at).primary().filter(topic=general).values_list("dossier", flat=True))
    parents = dict(Dossier.objects.values_list("pk", "parent"))

    def is_named(pk: int | None) -> bool:
        return pk is not None and (pk in named or is_named(parents[pk]))

    found = {question.dossier_id for question, answer in answers.items() if answer.is_gap}
    assert found == {pk for pk in accounts if not is_named(pk)}
    listed, cursor = gaps.rows("unanswered", UserFactory(superuser=True), at=at, kind="account", size=500)
    assert ({row.record.pk for row in listed}, cursor) == (found, "")
    return found
