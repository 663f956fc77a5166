"""Settings, by environment variables alone; `.env.example` documents every one of them."""

from email.utils import formataddr
from pathlib import Path
from typing import Any

import django_stubs_ext
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse_lazy

from config import api_settings
from config.environment import Environment
from config.schedule import BEAT_SCHEDULE
from config.staff_look import staff_look
from config.stripe_keys import is_test_key, stripe_mistakes

# Lets annotations such as ModelAdmin[Room] be evaluated at run time.
django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"

env = Environment()
if env.str("DJANGO_ENV", default="") != "test":
    Environment.read_env(BASE_DIR / ".env")

# --- What kind of process this is -----------------------------------------------------------

DJANGO_ENV = env.str("DJANGO_ENV", default="demo")
if DJANGO_ENV not in {"demo", "production", "test"}:
    raise ImproperlyConfigured(
        f"DJANGO_ENV is '{DJANGO_ENV}'; it must be 'demo', 'production' or 'test'."
    )
IS_DEMO = DJANGO_ENV == "demo"
IS_PRODUCTION = DJANGO_ENV == "production"

INSECURE_SECRET_KEY = "insecure-demo-key-never-use-this-in-production"  # noqa: S105
SECRET_KEY = env.str("SECRET_KEY", default=INSECURE_SECRET_KEY)
DEBUG = env.bool("DEBUG", default=False)

PORT = env.int("PORT", default=8000)
SITE_NAME = env.str("SITE_NAME", default="Booking & Tickets")
SITE_URL = env.str("SITE_URL", default=f"http://127.0.0.1:{PORT}").rstrip("/")
BRAND_ACCENT = env.str("BRAND_ACCENT", default="#0f6b6b")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[SITE_URL])

if IS_PRODUCTION:
    unsafe = {
        "SECRET_KEY is the demo's; set a long random one": SECRET_KEY == INSECURE_SECRET_KEY,
        "SECRET_KEY is shorter than 32 characters": len(SECRET_KEY) < 32,
        "DEBUG is on; switch it off": DEBUG,
        "PAYMENT_PROVIDER is 'demo', which takes no real money; choose a real one": (
            env.str("PAYMENT_PROVIDER", default="demo") == "demo"
        ),
        "ALLOWED_HOSTS is empty or '*'; name the hosts": (
            not env.list("ALLOWED_HOSTS", default=[]) or "*" in ALLOWED_HOSTS
        ),
        "SITE_URL does not begin with https://": not SITE_URL.startswith("https://"),
    }
    if reasons := [reason for reason, is_unsafe in unsafe.items() if is_unsafe]:
        raise ImproperlyConfigured("Production refuses to start: " + "; ".join(reasons) + ".")

# --- Apps -----------------------------------------------------------------------------------

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.headless",
    "rest_framework",
    "drf_standardized_errors",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "csp",
    "common",
    "notifications",
    "accounts",
    "payments",
    "bookings",
    "tickets",
    "access",
    "portal",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "common.middleware.ClockMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "common.middleware.DomainErrorMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
APPEND_SLASH = False

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "common.context.site",
                "access.navigation.navigation",
            ],
        },
    },
]

# --- Database -------------------------------------------------------------------------------

DATABASES: dict[str, dict[str, Any]] = {
    "default": env.db_url("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'db.sqlite3'}"),
}
_database = DATABASES["default"]
_options: dict[str, Any] = _database.setdefault("OPTIONS", {})
if _database["ENGINE"].endswith("sqlite3"):
    # IMMEDIATE: a transaction that reads and then writes never finds the database locked half-way.
    _options |= {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;"
        ),
    }
    if DJANGO_ENV != "test":
        VAR_DIR.mkdir(exist_ok=True)
elif _database["ENGINE"].endswith("mysql"):
    # READ COMMITTED: no gap locks, and a read after a lock sees what the lock waited for.
    _options |= {
        "charset": "utf8mb4",
        "isolation_level": "read committed",
        "init_command": "SET SESSION innodb_lock_wait_timeout=5, sql_mode='STRICT_TRANS_TABLES'",
    }
    _database["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE", default=60)
    _database["CONN_HEALTH_CHECKS"] = True
    _database["TEST"] = {"CHARSET": "utf8mb4"}
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"

# --- Cache, worker --------------------------------------------------------------------------

REDIS_URL = env.str("REDIS_URL", default="")
CACHES: dict[str, dict[str, Any]] = {
    "default": (
        {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
        if REDIS_URL
        else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    ),
}

CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default="filesystem://")
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A broker that is down must not hold up a request: the row is the truth, the beat finds it.
CELERY_BROKER_CONNECTION_TIMEOUT = 2
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BEAT_SCHEDULE = BEAT_SCHEDULE
CELERY_BEAT_SCHEDULER = "config.beat:HeardScheduler"
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "celerybeat-schedule")
if CELERY_BROKER_URL.startswith("filesystem"):
    _queue = VAR_DIR / "queue"
    CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = {
        # One folder both ways: web, worker and beat write and read the same queue.
        "data_folder_in": str(_queue / "messages"),
        "data_folder_out": str(_queue / "messages"),
        "control_folder": str(_queue / "control"),
        "processed_folder": str(_queue / "processed"),
        "polling_interval": 0.1,
    }
    if DJANGO_ENV != "test":
        for _folder in ("messages", "control", "processed"):
            (_queue / _folder).mkdir(parents=True, exist_ok=True)
else:
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "socket_timeout": 5,
        "socket_connect_timeout": 2,
        "visibility_timeout": 600,
        # One try, at once: kombu's own waits would cost each wake-up of a request 2.5 s.
        "max_retries": 1,
        "interval_start": 0,
    }

# --- People ---------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = reverse_lazy("account_login")
LOGIN_REDIRECT_URL = "/bookings"
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
# No password is fine: such a person signs in by an e-mailed code.
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1"]
ACCOUNT_SIGNUP_FORM_CLASS = "accounts.forms.SignupForm"
ACCOUNT_FORMS = {
    "login": "accounts.sign_in_forms.LoginForm",
    "signup": "accounts.sign_in_forms.SignupForm",
    "request_login_code": "accounts.sign_in_forms.RequestLoginCodeForm",
    "reset_password": "accounts.sign_in_forms.ResetPasswordForm",
    "add_email": "accounts.sign_in_forms.AddEmailForm",
}
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 15 * 60
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = True
ACCOUNT_PASSWORD_RESET_BY_CODE_TIMEOUT = 15 * 60
ACCOUNT_LOGIN_ON_PASSWORD_RESET = True
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_CHANGE_EMAIL = True
ALLAUTH_USER_CODE_FORMAT = {"numeric": True, "dashed": False, "length": 6}
HEADLESS_SERVE_SPECIFICATION = True
HEADLESS_TOKEN_STRATEGY = "accounts.authentication.SessionTokens"  # noqa: S105
HEADLESS_FRONTEND_URLS = {
    "account_confirm_email": f"{SITE_URL}/accounts/confirm-email/{{key}}/",
    "account_reset_password": f"{SITE_URL}/accounts/password/reset/",
    "account_reset_password_from_key": f"{SITE_URL}/accounts/password/reset/key/{{key}}/",
    "account_signup": f"{SITE_URL}/accounts/signup/",
}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = SITE_NAME

# --- Time, money, holds ---------------------------------------------------------------------

USE_TZ = True
TIME_ZONE = env.zone("TIME_ZONE", default="UTC")
LANGUAGE_CODE = "en"
USE_I18N = False
CURRENCY = env.currency("CURRENCY", default="USD")

HOLD_MINUTES = env.minutes("HOLD_MINUTES", default="15")
MAX_OPEN_HOLDS = env.count("MAX_OPEN_HOLDS", default=3)
MAX_HOLDS_PER_HOUR = env.count("MAX_HOLDS_PER_HOUR", default=10)
# How long before the start people are reminded; rooms may say otherwise.
REMINDER_HOURS = env.hours("REMINDER_HOURS", default="24")
COMPLETE_AFTER_MINUTES = env.int("COMPLETE_AFTER_MINUTES", default=30)
REFUND_POLICY: list[Any] = [
    {"hoursBefore": 24, "percent": 100},
    {"hoursBefore": 6, "percent": 50},
]
TICKET_REFUND_POLICY: list[Any] = [
    {"hoursBefore": 7 * 24, "percent": 100},
    {"hoursBefore": 3 * 24, "percent": 50},
]

PAYMENT_PROVIDER = env.str("PAYMENT_PROVIDER", default="demo")
# Both, whichever new payments go through: money that came by the other may still go back.
PAYMENT_GATEWAYS = {
    "demo": "payments.gateways.demo.DemoGateway",
    "stripe": "payments.gateways.stripe.StripeGateway",
}
if PAYMENT_PROVIDER not in PAYMENT_GATEWAYS:
    raise ImproperlyConfigured(
        f"PAYMENT_PROVIDER is '{PAYMENT_PROVIDER}'; "
        f"this version knows: {', '.join(sorted(PAYMENT_GATEWAYS))}."
    )

STRIPE_SECRET_KEY = env.str("STRIPE_SECRET_KEY", default="")
STRIPE_WEBHOOK_SECRET = env.str("STRIPE_WEBHOOK_SECRET", default="")
STRIPE_API_BASE = env.str("STRIPE_API_BASE", default="").rstrip("/")
STRIPE_ALLOW_TEST_KEYS = env.bool("STRIPE_ALLOW_TEST_KEYS", default=False)
# Where Stripe's hosted page is: the content policy lets forms lead there and nowhere else.
STRIPE_CHECKOUT_ORIGIN = env.str(
    "STRIPE_CHECKOUT_ORIGIN", default=STRIPE_API_BASE or "https://checkout.stripe.com"
)
# Ways to pay that settle at once.
PAYMENT_METHODS = env.list("STRIPE_PAYMENT_METHODS", default=["card"])
if reasons := stripe_mistakes(
    is_chosen=PAYMENT_PROVIDER == "stripe",
    kind=DJANGO_ENV,
    key=STRIPE_SECRET_KEY,
    webhook_secret=STRIPE_WEBHOOK_SECRET,
    api_base=STRIPE_API_BASE,
    checkout_origin=STRIPE_CHECKOUT_ORIGIN,
    allow_test_keys=STRIPE_ALLOW_TEST_KEYS,
):
    raise ImproperlyConfigured("Stripe can't be used so: " + "; ".join(reasons) + ".")
# Real customers, and money that isn't real: every page says so.
IS_TEST_MONEY = IS_PRODUCTION and PAYMENT_PROVIDER == "stripe" and is_test_key(STRIPE_SECRET_KEY)

# --- Mail -----------------------------------------------------------------------------------

# formataddr quotes a name such as "Dr. Smith, Dentist", which would break the header.
DEFAULT_FROM_EMAIL = env.str(
    "DEFAULT_FROM_EMAIL", default=formataddr((SITE_NAME, "desk@example.com"))
)
# What the mail provider takes in a minute; 0 for as many as there are.
MAILS_PER_MINUTE = env.int("MAILS_PER_MINUTE", default=0)
# Days after which the words, facts and files of mails are emptied.
MAILS_KEPT_DAYS = env.count("MAILS_KEPT_DAYS", default=90)

SERVER_EMAIL = DEFAULT_FROM_EMAIL
EMAIL_URL = env.str("EMAIL_URL", default="" if not IS_PRODUCTION else "smtp://127.0.0.1:25")
if EMAIL_URL:
    vars().update(env.email_url_config(EMAIL_URL))
    EMAIL_TIMEOUT = 10
else:
    EMAIL_BACKEND = "notifications.backends.DatabaseOnlyBackend"

# --- Access -------------------------------------------------------------------------------

# How long a subscription stays open after what was paid for, while its renewal is being settled.
SUBSCRIPTION_GRACE_DAYS = env.count("SUBSCRIPTION_GRACE_DAYS", default=7)
# A booked time opens its room's resources so many minutes early, and closes them so much later.
ACCESS_MARGIN_MINUTES = env.count("ACCESS_MARGIN_MINUTES", default=5)
# Who asked for which file or link is forgotten after so many days.
ACCESS_LOG_DAYS = env.count("ACCESS_LOG_DAYS", default=90)
# The largest file that a resource hands out.
RESOURCE_FILE_MB = env.count("RESOURCE_FILE_MB", default=200)

# --- API ------------------------------------------------------------------------------------

REST_FRAMEWORK = api_settings.REST_FRAMEWORK
DRF_STANDARDIZED_ERRORS = api_settings.DRF_STANDARDIZED_ERRORS
SPECTACULAR_SETTINGS = api_settings.SPECTACULAR_SETTINGS

# --- Security -------------------------------------------------------------------------------

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "common.stale.page_too_old"
X_FRAME_OPTIONS = "SAMEORIGIN"
SECURE_REFERRER_POLICY = "same-origin"
if SITE_URL.startswith("https://"):
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=31_536_000)
    SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=IS_PRODUCTION)
    # The probes of a load balancer come by plain HTTP from inside.
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
CONTENT_SECURITY_POLICY: dict[str, Any] = {
    # The admin (unfold) brings its own relaxed policy: see common.middleware.
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        # A room's picture may lie on another host: Room.image_url takes https:// addresses.
        "img-src": [SELF, "data:", "https:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        # A browser also asks this of where a form's answer leads on to: the page to pay on.
        "form-action": [SELF, STRIPE_CHECKOUT_ORIGIN] if PAYMENT_PROVIDER == "stripe" else [SELF],
        "frame-ancestors": [SELF],
        "base-uri": [SELF],
        "object-src": [NONE],
    },
}

# --- Static files ---------------------------------------------------------------------------

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
# Collected for production alone: whitenoise warns of a folder that nobody has made.
STATIC_ROOT = VAR_DIR / "static" if IS_PRODUCTION else None
MEDIA_ROOT = Path(env.str("MEDIA_ROOT", default=str(VAR_DIR / "media")))
MEDIA_URL = "/media/"
# What only some may read: outside of whatever a web server hands out by itself.
PRIVATE_MEDIA_ROOT = Path(env.str("PRIVATE_MEDIA_ROOT", default=str(VAR_DIR / "private")))
# Behind nginx: the internal location that leads there; '' streams files ourselves.
X_ACCEL_PREFIX = env.str("X_ACCEL_PREFIX", default="")
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "private": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": PRIVATE_MEDIA_ROOT, "base_url": None},
    },
    "staticfiles": {
        "BACKEND": (
            "whitenoise.storage.CompressedManifestStaticFilesStorage"
            if IS_PRODUCTION
            else "django.contrib.staticfiles.storage.StaticFilesStorage"
        ),
    },
}
# Outside production files are served from where they stand: no collecting before the first page.
WHITENOISE_USE_FINDERS = not IS_PRODUCTION
WHITENOISE_AUTOREFRESH = DEBUG

# --- Admin ----------------------------------------------------------------------------------

UNFOLD = staff_look(name=SITE_NAME, accent=BRAND_ACCENT)

# --- Logging --------------------------------------------------------------------------------

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"},
    },
    "filters": {"private": {"()": "common.private_addresses.HidePrivateAddresses"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "plain",
            "filters": ["private"],
        }
    },
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        "django.server": {"level": "WARNING"},
        # A refusal (4xx) is an answer like any other; at a busy door a line each would cost more
        # than the scan.
        "django.request": {"level": "ERROR"},
        "celery.app.trace": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
        # 'No hostname was supplied': the embedded queue has none.
        "kombu.connection": {"level": "ERROR"},
        "celery.beat": {"level": "WARNING"},
        # One line a run of what happens by the clock; in the demo only of runs that did something.
        "clockwork": {"level": "DEBUG" if IS_PRODUCTION else "INFO"},
        # Two lines for each call to Stripe.
        "stripe": {"level": "WARNING"},
    },
}
