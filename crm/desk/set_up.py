"""The first ten minutes: the first administrator and the firm, then colleagues, then the first account."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.contrib.auth.models import Group
from django.core import signing
from django.core.cache import caches
from django.core.mail import EmailMessage, get_connection
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import F
from django.forms import ValidationError
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _

from crm.core.actor import Actor, Source
from crm.core.refusals import Refused
from crm.dossiers.models import Firm
from crm.poc.actions import add_member, change_poc, open_person
from crm.poc.models import PointOfContact, WorkingCalendar
from crm.poc.public_holidays import take_over
from crm.users import roles
from crm.users.models import User
from crm.users.reader import speaking_to

MAX_COLLEAGUES = 200  # invited at once: a request must end
KEPT = "set-up"
KEPT_FOR = 3600  # seconds
INVITATION = "set-up"
INVITED_FOR = timedelta(days=1)


class SetUpAlready(Refused):
    code = "set_up_already"
    default_message = _("This has been done already. Sign in.")


class NoAddress(Refused):
    field = "addresses"
    code = "no_address"
    default_message = _("Write at least one e-mail address.")


class TooManyAddresses(Refused):
    field = "addresses"
    code = "too_many_addresses"
    default_message = _("At most 200 addresses at once.")


class BadAddress(Refused):
    field = "addresses"
    code = "bad_address"


def link() -> str:
    """Return the address at which the first administrator begins; it holds for a day.

    Only whoever runs commands on the server knows it: a house on the net must not belong to whoever comes first.
    """
    key = signing.dumps(INVITATION, salt=INVITATION)
    return f"{settings.PUBLIC_URL}{reverse('desk:welcome')}?key={key}"


def may_begin(key: str) -> bool:
    """Say whether `key` is one that `link` gave; one's own machine needs none."""
    if not settings.PRODUCTION:
        return True
    try:
        return bool(signing.loads(key, salt=INVITATION, max_age=INVITED_FOR) == INVITATION)
    except signing.BadSignature:
        return False


@dataclass(frozen=True, slots=True)
class House:
    """What the first page asks about the firm."""

    name: str
    country: str
    zone: str
    language: str


@dataclass(slots=True)
class Invited:
    """Whom inviting reached: new users, addresses that had one already, and mails that could not be handed over."""

    users: list[User] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    unsent: list[str] = field(default_factory=list)


def is_wanted() -> bool:
    """True while nobody has set the house up and there is no user. No query once it is known to be over."""
    if caches["process"].get(KEPT):
        return False
    wanted = Firm.objects.filter(set_up_at=None).exists() and not User.objects.exists()
    if not wanted:
        caches["process"].set(KEPT, True, KEPT_FOR)
    return wanted


@transaction.atomic
def begin(*, house: House, name: str, email: str, password: str, at: datetime) -> User:
    """Make the first administrator and tell the firm who it is: its zone, week and holidays, its front desk.

    :raises SetUpAlready: there is a user; whoever came second is refused.
    """
    firm = Firm.objects.select_for_update(no_key=True).get(pk=Firm.ONLY)
    if firm.set_up_at is not None or User.objects.exists():
        raise SetUpAlready
    firm.name, firm.country, firm.zone, firm.language = house.name, house.country, house.zone, house.language
    firm.set_up_at = at
    firm.save()
    user = User.objects.create_superuser(
        email, password, name=name, language=house.language, time_zone=house.zone, joined_at=at
    )
    user.groups.add(Group.objects.get(name=roles.ADMINISTRATOR))
    by = Actor(user, Source.PAGE)
    person = open_person(user=user, zone=house.zone, by=by, at=at)
    front_desk = PointOfContact.objects.house().get()
    with translation.override(house.language):
        change_poc(poc=front_desk, name=gettext("Front desk"), by=by, at=at)
        _set_clocks(house, by, at)
    add_member(team=front_desk, member=person, by=by, at=at)
    return user


def _set_clocks(house: House, by: Actor, at: datetime) -> None:
    """Give the house's calendar its name, zone, week and holidays, this year's and the next two."""
    calendar = WorkingCalendar.objects.select_for_update().get(is_default=True)
    WorkingCalendar.objects.filter(pk=calendar.pk).update(
        name=pgettext("calendar", "House"), zone=house.zone, version=F("version") + 1
    )
    if house.country:
        year = at.astimezone(ZoneInfo(house.zone)).year
        take_over(calendar=calendar, country=house.country, years=range(year, year + 3), by=by, at=at)


def send_test_mail(*, user: User) -> str:
    """Send one mail, so that reminders are known to arrive; return why it could not be handed over, or ""."""
    with speaking_to(user):
        mail = EmailMessage(
            gettext("Liaison can reach you"),
            gettext("This is the test mail you asked for. Reminders and escalations will arrive the same way."),
            to=[user.email],
        )
    try:
        mail.send()
    except OSError as error:  # smtplib's errors are of that family
        return str(error) or type(error).__name__
    return ""


def read_addresses(text: str) -> list[tuple[str, str]]:
    """Return names and addresses of pasted text: one a line, or separated by commas; "Ann Keller <ann@…>" gives both.

    :raises BadAddress: one is none.
    :raises NoAddress: there is none at all.
    :raises TooManyAddresses: more than can be invited at once.
    """
    found: dict[str, str] = {}
    for part in filter(None, (p.strip() for p in re.split(r"[\n,;]+", text))):
        match = re.fullmatch(r"(.*?)<([^<>\s]+)>", part)
        name, address = (match[1].strip(' "'), match[2]) if match else ("", part)
        try:
            validate_email(address)
        except ValidationError as error:
            raise BadAddress(gettext("This is not an e-mail address: %(value)s") % {"value": part[:80]}) from error
        found.setdefault(address.lower(), name or _name_of(address))
    if not found:
        raise NoAddress
    if len(found) > MAX_COLLEAGUES:
        raise TooManyAddresses
    return [(name, address) for address, name in found.items()]


def _name_of(address: str) -> str:
    """Guess a name from an address: ann.keller@… is Ann Keller."""
    parts = [part for part in re.split(r"[._\-+\d]+", address.partition("@")[0]) if part]
    return " ".join(part.capitalize() for part in parts)[:150] or address


def invite(*, people: Sequence[tuple[str, str]], role: str, by: Actor, at: datetime) -> Invited:
    """Make each address a user with a POC, in one role, and send them a link to choose a password.

    Addresses that have a user already are left alone. Mails are handed over after the users are
    saved; whoever's mail fails can ask for a password themselves.
    """
    invited = Invited()
    with transaction.atomic():
        known = set(User.objects.filter(email__in=[a for _n, a in people]).values_list("email", flat=True))
        group = Group.objects.get(name=role)
        language = Firm.objects.values_list("language", flat=True).first() or "en"
        for name, address in people:
            if address in known:
                invited.known.append(address)
                continue
            is_staff = role in roles.OPENS_ADMINISTRATION
            user = User.objects.create_user(
                address, None, name=name, language=language, is_staff=is_staff, joined_at=at
            )
            user.groups.add(group)
            open_person(user=user, by=by, at=at)
            invited.users.append(user)
    invited.unsent = send_invitations(invited.users, by)
    return invited


def send_invitations(users: Iterable[User], by: Actor) -> list[str]:
    """Hand the invitations over on one connection; return the addresses of those that failed."""
    firm = Firm.objects.get(pk=Firm.ONLY)
    mails = [_invitation(user, firm, by) for user in users]
    if not mails:
        return []
    unsent = []
    try:
        with get_connection() as connection:
            for mail in mails:
                try:
                    connection.send_messages([mail])
                except OSError:
                    unsent.append(mail.to[0])
    except OSError:
        return [mail.to[0] for mail in mails]
    return unsent


def _invitation(user: User, firm: Firm, by: Actor) -> EmailMessage:
    key = {"uidb36": user_pk_to_url_str(user), "key": default_token_generator.make_token(user)}
    path = reverse("account_reset_password_from_key", kwargs=key)
    with speaking_to(user):
        context = {
            "user": user,
            "by": by.user,
            "firm": firm,
            "link": f"{settings.PUBLIC_URL}{path}",
            "days": settings.PASSWORD_RESET_TIMEOUT // 86400,
            "again": f"{settings.PUBLIC_URL}{reverse('account_reset_password')}",
        }
        subject = gettext("%(who)s invites you to Liaison") % {"who": by.user.name if by.user else firm}
        return EmailMessage(subject, render_to_string("desk/mail/invitation.txt", context), to=[user.email])
