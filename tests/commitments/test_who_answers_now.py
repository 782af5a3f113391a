"""What was given to nobody by name is owed by whoever answers when a step runs, not by who did when it was promised."""

from crm.commitments import inbox, waiting
from crm.outbox.models import Message
from crm.poc.models import PointOfContact
from tests.commitments.conftest import moment
from tests.factories.poc import AbsenceFactory, AssignmentFactory, PersonFactory


def sent(at):
    Message.objects.filter(state="ready").update(state="sent", ended_at=moment(at))


def test_an_absence_that_begins_between_two_steps_moves_the_next_one_to_the_cover(house, told):
    house.promise()
    house.sweep_at("Tue 10:00")
    sent("Tue 10:00")
    cover = PersonFactory(name="Cora", signs_in=True)
    AbsenceFactory(poc=house.ann, cover=cover, starts_at=moment("Tue 12:00"), ends_at=moment("Fri 12:00"))
    house.sweep_at("Wed 10:00")
    assert told() == [("reminder", "Ann"), ("reminder", "Cora")]


def test_without_a_cover_it_is_the_backup(house, told):
    house.promise()
    AbsenceFactory(poc=house.ann, cover=None, starts_at=moment("Tue 12:00"), ends_at=moment("Fri 12:00"))
    house.sweep_at("Wed 10:00")
    assert ("reminder", "Ben") in told()


def test_a_cover_who_is_away_too_passes_it_on(house, told):
    house.promise()
    cora, dan = PersonFactory(name="Cora", signs_in=True), PersonFactory(name="Dan", signs_in=True)
    AbsenceFactory(poc=house.ann, cover=cora, starts_at=moment("Tue 12:00"), ends_at=moment("Fri 12:00"))
    AbsenceFactory(poc=cora, cover=dan, starts_at=moment("Tue 12:00"), ends_at=moment("Fri 12:00"))
    house.sweep_at("Wed 10:00")
    assert told()[-1] == ("reminder", "Dan")


def test_back_before_the_step_it_is_theirs_again(house, told):
    house.promise()
    AbsenceFactory(
        poc=house.ann, cover=PersonFactory(name="Cora"), starts_at=moment("Mon 12:00"), ends_at=moment("Wed 09:00")
    )
    house.sweep_at("Wed 10:00")
    assert ("reminder", "Ann") in told()


def test_somebody_else_assigned_between_two_steps_gets_the_next_one(house, told):
    house.promise()
    house.sweep_at("Tue 10:00")
    sent("Tue 10:00")
    house.record.assignments.filter(poc=house.ann).update(ends_at=moment("Tue 12:00"))
    AssignmentFactory(
        dossier=house.record, poc=PersonFactory(name="Nina", signs_in=True), starts_at=moment("Tue 12:00")
    )
    house.sweep_at("Wed 10:00")
    assert told() == [("reminder", "Ann"), ("reminder", "Nina")]


def test_what_was_given_by_name_stays_with_them_when_who_answers_changes(house, told):
    house.promise(poc=house.ben)
    house.record.assignments.filter(poc=house.ann).update(ends_at=moment("Tue 12:00"))
    AssignmentFactory(dossier=house.record, poc=PersonFactory(name="Nina"), starts_at=moment("Tue 12:00"))
    house.sweep_at("Wed 10:00")
    assert set(told()) == {("reminder", "Ben")}


def test_somebody_deactivated_between_two_steps_is_not_told(house, told):
    house.promise()
    PointOfContact.objects.filter(pk=house.ann.pk).update(deactivated_at=moment("Tue 12:00"))
    house.sweep_at("Wed 10:00")
    assert ("reminder", "Ben") in told()
    assert ("reminder", "Ann") not in told()


def test_what_waits_belongs_on_the_day_of_whoever_answers_now(house):
    owed = waiting.wait(commitment=house.promise(), by=house.by, at=moment("Mon 16:00"))
    AbsenceFactory(poc=house.ann, cover=house.ben, starts_at=moment("Tue 00:00"), ends_at=moment("Fri 00:00"))

    def waits_for(poc, at):
        return inbox.read([poc.pk], at=moment(at), before=moment("Fri+ 00:00")).waiting

    assert waits_for(house.ann, "Mon 17:00") == [owed]
    assert (waits_for(house.ann, "Wed 12:00"), waits_for(house.ben, "Wed 12:00")) == ([], [owed])
