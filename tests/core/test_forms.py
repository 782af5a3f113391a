"""Fields that name a record, and how an action's no is shown."""

import pytest
from django import forms

from accounts.models import Account
from crm.core.forms import LinesField, RecordField, ZoneField, refuse, suggested
from crm.core.refusals import Refused
from tests.factories.accounts import AccountFactory


class OneAccount(forms.Form):
    account = RecordField(suggest="accounts:names", required=False)

    def __init__(self, *args, current=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["account"].rows = Account.objects.select_related("dossier")
        self.fields["account"].current = current


@pytest.mark.django_db
def test_a_name_that_one_record_bears_will_do_whatever_its_accents():
    account = AccountFactory(name="Cervejaria Atlântico")
    form = OneAccount({"account": " cervejaria  ATLANTICO "})
    assert form.is_valid()
    assert form.cleaned_data["account"] == account


@pytest.mark.django_db
def test_a_name_that_several_bear_asks_which():
    first, second = AccountFactory(name="Zeta"), AccountFactory(name="Zeta")
    form = OneAccount({"account": "Zeta"})
    assert not form.is_valid()
    assert f"Zeta #{first.pk}, Zeta #{second.pk}" in str(form.errors)
    assert OneAccount({"account": f"Zeta #{second.pk}"}).is_valid()


@pytest.mark.django_db
def test_left_as_it_is_the_field_means_the_record_it_showed():
    _first, second = AccountFactory(name="Zeta"), AccountFactory(name="Zeta")
    form = OneAccount({"account": "Zeta"}, current=second)
    assert form.is_valid()
    assert form.cleaned_data["account"] == second


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["Nobody", "Nobody #999999999999999999", "#12"])
def test_a_name_nobody_bears_is_the_fields_error(text):
    assert OneAccount({"account": text}).errors["account"].as_data()[0].code == "unknown"


@pytest.mark.django_db
def test_names_are_suggested_with_a_number_where_several_bear_one():
    one, two = AccountFactory(name="Zeta"), AccountFactory(name="Zeta")
    AccountFactory(name="Zeta Werke")
    rows = Account.objects.select_related("dossier")
    assert suggested(rows, "zet") == [f"Zeta #{one.pk}", f"Zeta #{two.pk}", "Zeta Werke"]


@pytest.mark.parametrize("zone", ["Europe/Lisbon", ""])
def test_a_zone_is_taken(zone):
    assert ZoneField(required=False).clean(zone) == zone


@pytest.mark.parametrize("zone", ["Lisbon", "../../etc/passwd", "Europe", "x" * 60])
def test_what_is_no_zone_is_refused(zone):
    with pytest.raises(forms.ValidationError):
        ZoneField(required=False).clean(zone)


def test_lines_are_values_and_blank_ones_none():
    assert LinesField(required=False).clean(" a \r\n\r\nb\n ") == ["a", "b"]


def test_an_actions_no_stands_beside_its_field_or_above_the_form():
    form = OneAccount({})
    form.is_valid()
    refuse(form, Refused("beside", field="account"))
    refuse(form, Refused("above", field="elsewhere"))
    assert form.errors["account"] == ["beside"]
    assert form.non_field_errors() == ["above"]
