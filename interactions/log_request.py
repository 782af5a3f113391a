"""One request to log a touch: whom it is about, the form as it stands, and saving it. For the doors alone."""

from __future__ import annotations

from functools import cached_property
from typing import Any
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import HttpRequest, QueryDict
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Account
from contacts.models import Contact
from crm.commitments.models import Commitment
from crm.core import clock
from crm.core.actor import Actor
from crm.core.forms import refuse
from crm.core.refusals import Refused
from crm.core.text import search_key
from crm.dossiers.models import Dossier, Topic
from crm.poc.models import PointOfContact
from interactions import look_up, quick_log, twins
from interactions.actions import Logged, Touch, log
from interactions.follow_ups import NewFollowUp
from interactions.forms import TEXT, QuickLogForm, readable
from interactions.look_up import Match
from interactions.models import TouchPoint
from interactions.new_caller import NewCaller, log_new_caller
from interactions.quick_log import CALLS, IN, OUT, Ahead, Options, Subject, When
from interactions.settling import SettlesElsewhere

FIELDS = {"name": "new_name", "phones": "new_reach", "emails": "new_reach", "due_at": "due", "poc": "due"}
SHOWN = frozenset((
    "purpose", "priority", "outcome", "due", "repeats", "note", "minutes", "occurred_at", "new_name", "new_reach",
    "new_firm",
))  # fmt: skip
ID = 18  # digits


def place_to_return(request: HttpRequest) -> str:
    """Return the page of ours that one came from, else My day."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    ours = wanted.startswith("/") and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return wanted if ours else "/"


class NoSuchFirm(Refused):
    field = "new_firm"
    code = "no_such_firm"
    default_message = gettext_lazy("No account has this name, and you may not open one. Leave the firm empty.")


class LogRequest:
    """What a request about logging knows. Each part is read when it is asked for, and once."""

    def __init__(self, request: HttpRequest, *, checked: bool = True) -> None:
        self.request, self.user, self.at = request, request.user, clock.of(request)
        self.values: QueryDict = request.POST if request.method == "POST" else request.GET
        self.is_checked = checked and request.method == "POST"
        self.back = place_to_return(request)
        self.is_queued = "X-Liaison-Queue" in request.headers
        self.direction = IN if self.values.get("direction") == IN else OUT
        self.asked = self.values.get("q", "")[:200]
        self.caller = " ".join(self.values.get("caller", "").split())[:254]

    # --- Who ---------------------------------------------------------------------------------------------------------

    @cached_property
    def subject(self) -> Subject | None:
        number = self.values.get("record", "")
        if not (number.isascii() and number.isdigit() and len(number) <= ID):
            return None
        return quick_log.subject_of(int(number), user=self.user, chosen=self.values)

    @property
    def has_somebody(self) -> bool:
        """True when it is known whom the log is about, be it a stranger."""
        return self.subject is not None or bool(self.caller)

    @cached_property
    def place(self) -> Dossier:
        """The record the log will lie on; a stranger's is kept at the door for unknown callers."""
        if self.subject is not None:
            return self.subject.place
        return TouchPoint.objects.for_list().get(is_default=True).dossier

    # --- What is shown -----------------------------------------------------------------------------------------------

    @cached_property
    def options(self) -> Options:
        return quick_log.options(channel=self.values.get("channel", CALLS), direction=self.direction)

    @cached_property
    def topic(self) -> Topic:
        """What it is about: as chosen, else what was talked about last, else *general*."""
        topics = self.options.topics
        chosen = self.options.one(topics, self.values.get("topic", ""))
        if chosen is None and self.subject is not None and self.subject.is_visible:
            last = quick_log.last_topic(self.subject)
            chosen = next((topic for topic in topics if topic.pk == last), None)
        return chosen or self.options.one(topics, Topic.GENERAL) or topics[0]

    @cached_property
    def offered(self) -> list[Commitment]:
        """What it may settle; `is_chosen` as ticked, at first what is due by tomorrow and what the address names."""
        offered = (
            quick_log.offered_to_settle(self.subject, direction=self.direction, at=self.at) if self.subject else []
        )
        ticked = set(self.values.getlist("settles"))
        for commitment in offered:
            first = self.request.method != "POST"
            commitment.is_chosen = str(commitment.pk) in ticked or (first and commitment.is_suggested)
        return offered

    @cached_property
    def form(self) -> QuickLogForm:
        if self.is_checked:
            return QuickLogForm(self.values, options=self.options)
        known = {"channel": self.options.channel.code, "direction": self.direction, "topic": self.topic.code}
        is_address = look_up.looks_like_address(self.caller)
        first = {"client_key": str(uuid4()), "new_reach" if is_address else "new_name": self.caller}
        given = {name: self.values[name] for name in QuickLogForm.base_fields if name in self.values}
        return QuickLogForm(initial=first | given | known, options=self.options)

    @cached_property
    def me(self) -> PointOfContact | None:
        return PointOfContact.objects.of_user(self.user).active().first()

    def context(self) -> dict[str, Any]:
        """What the templates show."""
        if not self.has_somebody:
            return {"direction": self.direction, "back": self.back}
        ahead = quick_log.look_ahead(self.place, self.topic, topics=self.options.every_topic, at=self.at)
        return {
            "form": self.form,
            "subject": self.subject,
            "options": self.options,
            "direction": self.direction,
            "back": self.back,
            "offered": self.offered,
            "ahead": ahead,
            "told": self._told(ahead),
            "stray_errors": [e for name, es in self.form.errors.items() if name not in SHOWN for e in es],
            "is_given": self.request.method == "POST",
            "draft": f"log-{self.place.pk if self.subject else 'new'}-{self.direction}",
        }

    def _told(self, ahead: Ahead) -> PointOfContact | None:
        """Whoever answers is told, unless they are the one who logs."""
        return None if ahead.poc.user_id == self.user.pk else ahead.poc

    def read_due(self, text: str) -> When:
        """Return what plain words mean here."""
        return quick_log.read_due(text, place=self.place, topic=self.topic, at=self.at)

    # --- Saving ------------------------------------------------------------------------------------------------------

    def save(self) -> Logged | None:
        """Log it; None when the form has something to correct, which it then says."""
        if not self.has_somebody:
            return None
        form = self.form
        form.is_valid()
        if not form.errors and self._is_repeat():
            form.repeat = self._repeated
        if form.errors or form.repeat:
            return None
        try:
            form.twins = self._twins()
            return None if form.twins else self._log()
        except Refused as error:
            error.field = FIELDS.get(error.field, error.field)
            refuse(form, error)
        except ValidationError as error:
            form.add_error("due", error)
        return None

    @cached_property
    def _repeated(self) -> Any:
        outcome = self.form.cleaned_data["outcome"]
        return quick_log.logged_a_moment_ago(self.place, outcome=outcome, user=self.user, at=self.at)

    def _is_repeat(self) -> bool:
        """True when the same was logged a moment ago and nobody said that this is another one."""
        if self.is_queued or self.form.cleaned_data["again"] or self.subject is None:
            return False
        same_key = self._repeated and self._repeated.client_key == self.form.cleaned_data["client_key"]
        return self._repeated is not None and not (same_key and self._repeated.client_key)

    def _log(self) -> Logged:
        values, subject = self.form.cleaned_data, self.subject
        touch = Touch(
            channel=values["channel"], direction=values["direction"], topic=values["topic"],
            purpose=values["purpose"], outcome=values["outcome"], note=values["note"], seconds=self.form.length(),
            occurred_at=self.form.happened_at(self.at, queued=self.is_queued), client_key=values["client_key"],
            priority=values["priority"],
        )  # fmt: skip
        rest = {"follow_up": self._follow_up(), "by": Actor.of(self.request), "at": self.at}
        if subject is not None:
            touch.account, touch.contact, touch.project = subject.account, subject.contact, subject.project
            touch.phone = self._only_number(subject.contact)
            return log(touch=touch, settles=self._settled(subject), **rest)
        if self._opens_contact:
            return log_new_caller(caller=self._new_caller, touch=touch, **rest)
        touch.caller = " ".join(filter(None, (values["new_name"], values["new_reach"]))) or self.caller
        return log(touch=touch, **rest)

    def _only_number(self, contact: Contact | None) -> Any:
        """The number that was wrong, where there is no doubt which."""
        if contact is None or not self.form.cleaned_data["outcome"].number_is_wrong:
            return None
        numbers = list(contact.phones.all()[:2])
        return numbers[0] if len(numbers) == 1 else None

    def _settled(self, subject: Subject) -> list[Commitment]:
        """What was ticked, still open and of this home, at the turn that was shown.

        :raises SettlesElsewhere: it no longer is.
        """
        ticked = {text for text in self.values.getlist("settles") if text.isascii() and text.isdigit()}
        if not ticked or not subject.is_visible:
            return []
        if any(len(text) > ID for text in ticked) or len(ticked) > 50:
            raise SettlesElsewhere
        rows = Commitment.objects.open().filter(pk__in=ticked, home=subject.dossier.home_id)
        found = [c for c in rows.select_related("dossier") if not c.recur_every or self._is_the_turn_shown(c)]
        key = self.form.cleaned_data["client_key"]
        if len(found) < len(ticked) and not self._was_logged(key):
            raise SettlesElsewhere(_("Something this settles was settled meanwhile. Take a look, then save again."))
        return found

    def _is_the_turn_shown(self, owed: Commitment) -> bool:
        """True of what recurs where nobody has done it since the form was shown."""
        shown = self.values.get(f"due-{owed.pk}")
        return shown is None or shown == owed.due_at.isoformat()

    def _was_logged(self, key: Any) -> bool:
        """True of a retry: what it settles was settled by its first try."""
        return key is not None and quick_log.is_logged(key)

    def _follow_up(self) -> NewFollowUp | None:
        values = self.form.cleaned_data
        wanted = values["follow_up"]
        if wanted is None:
            return None
        said = readable(self.read_due, values["due"]) if wanted == TEXT else None
        moment = said.moment if said else wanted
        if self.is_queued and moment < self.at:  # it waited on the device longer than that
            moment = self.read_due("tomorrow").moment
        recurs = values["repeats"] or (said.recurs if said else None)
        return NewFollowUp(due_at=moment, poc=self.me if values["mine"] else None, recurs=recurs)

    @property
    def _opens_contact(self) -> bool:
        named = self.subject is None and bool(self.form.cleaned_data["new_name"])
        return named and self.user.has_perm("contacts.add_contact")

    def _twins(self) -> list[Match]:
        """Whom the new caller may be, and which firm theirs; nobody for what was typed without a connection."""
        if self.is_queued or not self._opens_contact:
            return []
        caller, values = self._new_caller, self.form.cleaned_data
        asked = {"told": values["anyway"] if "record" in self.values else "", "user": self.user, "at": self.at}
        reach = {"emails": [caller.email] if caller.email else [], "phones": [caller.phone] if caller.phone else []}
        found = twins.of_contact(name=caller.name, account=caller.account, **reach, **asked)
        if caller.firm.strip():
            found += twins.of_account(name=caller.firm, **asked)
        return [] if found and self._was_logged(values["client_key"]) else found

    @cached_property
    def _new_caller(self) -> NewCaller:
        values = self.form.cleaned_data
        is_mail = "@" in values["new_reach"]
        account = self._known_firm(values["new_firm"])
        return NewCaller(
            name=values["new_name"],
            phone="" if is_mail else values["new_reach"],
            email=values["new_reach"] if is_mail else "",
            account=account,
            firm="" if account else values["new_firm"],
        )

    def _known_firm(self, firm: str) -> Account | None:
        """The account of that name the reader may see. :raises NoSuchFirm: a new one may not be opened."""
        if not firm.strip():
            return None
        named = Q(dossier__title_key=search_key(firm)[:200])
        rows = Account.objects.visible_to(self.user).current().filter(named).select_related("dossier")
        found = rows.order_by("pk").first()
        if found is None and not self.user.has_perm("accounts.add_account"):
            raise NoSuchFirm
        return found
