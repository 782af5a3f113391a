"""Settings of Liaison. What differs from place to place comes from crm/env.py."""

from typing import Any

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from crm import env
from crm.env import BASE_DIR

PRODUCTION = env.ENVIRONMENT == "production"
OVER_HTTPS = env.PUBLIC_URL.startswith("https://")

DEBUG = env.DEBUG
SECRET_KEY = env.SECRET_KEY
ALLOWED_HOSTS = env.ALLOWED_HOSTS
PUBLIC_URL = env.PUBLIC_URL  # without a slash at its end; links in mails begin with it

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "crm.core.admin_app.AdminConfig",
    "allauth",
    "allauth.account",
    "csp",
    "django_countries",
    "django_filters",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "crm.core",
    "crm.dossiers",
    "crm.users",
    "crm.poc",
    "crm.outbox",
    "crm.commitments",
    "crm.handovers",
    "accounts",
    "contacts",
    "projects",
    "interactions",
    "crm.desk",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.gzip.GZipMiddleware",  # pages are a tenth; Django pads them at random against BREACH
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "crm.desk.middleware.FirstRunMiddleware",
    "crm.users.middleware.ReaderMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "crm.urls"
WSGI_APPLICATION = "crm.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "crm.core.context.page",
            ]
        },
    }
]

# --- Database -------------------------------------------------------------------------------------------------------

DATABASES: dict[str, dict[str, Any]] = {"default": env.DATABASE}
if env.DATABASE["ENGINE"] == "django.db.backends.sqlite3":
    env.DATABASE["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",  # a transaction that will write waits at its start, not in its middle
        "timeout": 20,  # seconds to wait for another writer
        # NORMAL would lose commits at a power loss; the tests suffer none.
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous="
        + ("OFF;" if env.ENVIRONMENT == "test" else "FULL;"),
    }
else:
    env.DATABASE["OPTIONS"] = {
        "connect_timeout": 5,  # seconds
        "options": "-c idle_in_transaction_session_timeout=60s"  # a forgotten transaction holds everybody up
        # A row with all it shows joins a dozen tables by their keys, in an order that is good as it is written;
        # weighing every other order would take the planner far longer than reading the rows.
        " -c join_collapse_limit=4"
        " -c jit=off",  # compiling a query takes longer than any of ours runs
    }
    if env.DATABASE_POOL:
        env.DATABASE["OPTIONS"]["pool"] = {"min_size": 1, "max_size": env.DATABASE_POOL, "timeout": 10}
    else:
        env.DATABASE |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}  # seconds

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {
    # Sign-in limits: in the database, so that they hold over all processes, without Redis.
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "crm_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    },
    # What each process may keep for itself: API throttles.
    "process": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "process"},
}
if env.ENVIRONMENT == "test":
    CACHES["process"] = {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}  # a test leaves nothing to the next

# --- Background work ------------------------------------------------------------------------------------------------
# Celery rings the bell and lends its processes; what is due, and what was done, stands in the database alone.

CELERY_BROKER_URL = env.REDIS_URL
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_timeout": 5,  # seconds
    "socket_connect_timeout": 5,  # seconds
    "socket_keepalive": True,
    "health_check_interval": 25,  # seconds
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # for ever
CELERY_TASK_ACKS_LATE = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SOFT_TIME_LIMIT = 120  # seconds
CELERY_TASK_TIME_LIMIT = 150  # seconds
CELERY_WORKER_CONCURRENCY = env.WORKER_PROCESSES
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_WORKER_REDIRECT_STDOUTS = False
CELERY_ENABLE_UTC = True
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "celery.beat:Scheduler"  # in memory: nothing to keep
CELERY_BEAT_SCHEDULE = {
    "plan": {"task": "crm.commitments.tasks.plan", "schedule": float(env.BELL_EVERY)},
    "send": {"task": "crm.outbox.tasks.send", "schedule": float(env.BELL_EVERY)},
    "audit": {"task": "crm.commitments.tasks.audit", "schedule": float(env.AUDIT_EVERY)},
    "holidays": {"task": "crm.commitments.tasks.holidays", "schedule": 600.0},  # done every six hours
}

# --- Mail -----------------------------------------------------------------------------------------------------------

EMAIL_BACKEND = "crm.outbox.backend.EmailBackend"
EMAIL_HOST = env.EMAIL["EMAIL_HOST"]
EMAIL_PORT = env.EMAIL["EMAIL_PORT"] or 25
EMAIL_HOST_USER = env.EMAIL["EMAIL_HOST_USER"] or ""
EMAIL_HOST_PASSWORD = env.EMAIL["EMAIL_HOST_PASSWORD"] or ""
EMAIL_USE_TLS = env.EMAIL.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = env.EMAIL.get("EMAIL_USE_SSL", False)
EMAIL_CA_FILE = env.EMAIL_CA_FILE
EMAIL_TIMEOUT = env.EMAIL_TIMEOUT
MAIL_LEASE = env.MAIL_LEASE
GUARD_AFTER = env.GUARD_AFTER
AUDIT_EVERY = env.AUDIT_EVERY
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.DEFAULT_FROM_EMAIL

# --- Sign-in --------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "users.User"
AUTHENTICATION_BACKENDS = ["crm.users.backend.RolesBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
if env.ENVIRONMENT == "test":
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # quick
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "account_login"

ACCOUNT_ADAPTER = "crm.users.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]  # nobody signs up: the adapter refuses
ACCOUNT_EMAIL_VERIFICATION = "none"  # an administrator entered the address
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # a stranger's address gets no mail from us
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if OVER_HTTPS else "http"
ACCOUNT_RATE_LIMITS = {  # amount / minutes, per address and per e-mail address
    "login": "30/m/ip",
    "login_failed": "20/m/ip,5/5m/key",
    "reset_password": "10/m/ip,3/5m/key",
}
ALLAUTH_TRUSTED_PROXY_COUNT = env.TRUSTED_PROXIES

SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_AGE = 14 * 24 * 3600  # seconds
SESSION_COOKIE_SAMESITE = "Lax"

# --- Safety ---------------------------------------------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "base-uri": [NONE],
        "object-src": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
CSRF_TRUSTED_ORIGINS = [env.PUBLIC_URL]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = OVER_HTTPS
if OVER_HTTPS:
    SECURE_SSL_REDIRECT = True  # gunicorn believes the X-Forwarded-Proto of a proxy on its own machine
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True

# --- Languages and zones --------------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [
    ("en", _("English")),
    ("es", _("Spanish")),
    ("pt-br", _("Brazilian Portuguese")),
    ("it", _("Italian")),
    ("ru", _("Russian")),
]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = "crm.formats"  # 22 Nov 2026, 16:49: in the administration as on the pages
TIME_ZONE = "UTC"
USE_TZ = True

# --- Static files ---------------------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = env.VAR_FOLDER / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if env.ENVIRONMENT == "test"
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = env.ENVIRONMENT == "test"  # nothing is collected there

# --- API ------------------------------------------------------------------------------------------------------------

API_REQUESTS_PER_MINUTE = env.API_REQUESTS_PER_MINUTE
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "crm.users.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",  # with CSRF: the browser's own calls
    ],
    "DEFAULT_PERMISSION_CLASSES": ["crm.core.rest.permissions.RoleAllows", "crm.core.rest.permissions.TokenAllows"],
    "DEFAULT_THROTTLE_CLASSES": ["crm.core.rest.throttling.PerMinute"],
    "DEFAULT_PARSER_CLASSES": ["crm.core.rest.parsing.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PAGINATION_CLASS": "crm.core.rest.paging.KeysetPagination",
    "DEFAULT_FILTER_BACKENDS": ["crm.core.rest.filters.StrictFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "crm.core.rest.schema.Schema",
    "EXCEPTION_HANDLER": "crm.core.rest.problems.handle",
    "URL_FORMAT_OVERRIDE": None,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Liaison",
    "DESCRIPTION": (
        "Who answers for an account, a contact or a project; what was said; what is owed. "
        "Sign in with `Authorization: Bearer lia_…`. Moments carry their offset from UTC and are given in UTC. "
        "Lists come in pages: follow `next`. Errors are `application/problem+json` (RFC 9457)."
    ),
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "ENUM_NAME_OVERRIDES": {
        "AccountKind": "accounts.models.Account.Kind",
        "PocKind": "crm.poc.models.PointOfContact.Kind",
        "RecordKind": "crm.dossiers.models.Dossier.Kind",
        "OwedKind": "crm.commitments.models.Kind",
        "ReasonCode": "crm.poc.rest.CODES",
        "Direction": "interactions.models.Interaction.Direction",
        "Phase": "projects.models.Project.Phase",
        "Priority": "crm.commitments.models.Commitment.Priority",
        "State": "crm.commitments.models.Commitment.State",
        "Via": "crm.core.actor.Source",
        "HeldGroup": "crm.handovers.held.Group",
        "ShareKind": "crm.poc.share_links.ShareLink.Kind",
        "KeptKind": "crm.handovers.leave_rest.KEPT_KINDS",
        "NoticeWay": "crm.commitments.telling.preferring.Way",
        "Language": LANGUAGES,
    },
}

# --- Log ------------------------------------------------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "crm.core.secret_addresses.Formatter",
            "format": "{asctime} {levelname} {name}: {message}",
            "style": "{",
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env.LOG_LEVEL},
    "loggers": {
        "django": {"handlers": [], "propagate": True},
        "celery.app.trace": {"level": "WARNING"},  # a line per bell, every few seconds
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
    },
}
