"""Settings, all by environment, with defaults that are safe.

``COMPOSTNET_ENV``       ``embedded`` (default: one machine, SpatiaLite, celery in-process) or ``production``.
``COMPOSTNET_DATA``      folder of the embedded database and all files (default ``var/`` beside manage.py).
``COMPOSTNET_DATABASE``  ``postgis://user:password@host:port/name``; empty = embedded SpatiaLite.
``COMPOSTNET_REDIS``     ``redis://host:port/0``; empty = celery in-process, cache in memory.
``COMPOSTNET_SECRET``    secret key; required in production.
``COMPOSTNET_SIGNING_KEY``  Ed25519 key that signs releases: PEM, or base64 of its 32 bytes; empty = ``signing.key`` in
                         the data folder, made when the first release is signed.
``COMPOSTNET_URL``       address of the platform as people outside reach it, for links in mails.
``COMPOSTNET_MAIL_FROM`` sender of mails; ``COMPOSTNET_MAIL_HOST``, ``_PORT``, ``_USER``, ``_PASSWORD`` and
                         ``_SECURITY`` (``starttls`` or ``tls``) say how they go out; without a host they are printed.
``COMPOSTNET_HOSTS``     comma-separated host names; required in production.
``COMPOSTNET_DEBUG``     ``1`` shows Django's debug pages; refused in production.
``COMPOSTNET_PROXIES``   how many reverse proxies stand before it (default 1 in production, else 0): so many addresses
                         at the end of ``X-Forwarded-For`` are believed, and people are told apart by them.
``COMPOSTNET_PDF_FONT``  file of a Chinese font with TrueType outlines for PDF documents; empty = found by itself.
``COMPOSTNET_STANDARDS`` folder with standards of one's own beside the shipped ones (read by standards/library.py).
``COMPOSTNET_BASELINES`` folder with baselines of one's own before the shipped ones (batches/impact/baselines.py).
"""

from __future__ import annotations

import logging
import os
import secrets
from pathlib import Path
from urllib.parse import unquote, urlsplit

from celery.schedules import crontab
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parent.parent


def _env(name: str, default: str = "") -> str:
    return os.environ.get(f"COMPOSTNET_{name}", default).strip()


def _number(name: str, default: int) -> int:
    text = _env(name) or str(default)
    if not text.isdecimal():
        raise ImproperlyConfigured(f"COMPOSTNET_{name} is {text!r}; write a whole number.")
    return int(text)


ENVIRONMENT = _env("ENV", "embedded")
if ENVIRONMENT not in ("embedded", "production"):
    raise ImproperlyConfigured(f"COMPOSTNET_ENV is {ENVIRONMENT!r}; write embedded or production.")
PRODUCTION = ENVIRONMENT == "production"
DATA_DIR = Path(_env("DATA") or BASE_DIR / "var").resolve()
DATA_DIR.mkdir(parents=True, exist_ok=True)
DEBUG = _env("DEBUG") in ("1", "true", "yes")


def _secret_key() -> str:
    """The key from the environment; embedded makes one of its own and keeps it beside the database."""
    if key := _env("SECRET"):
        return key
    if PRODUCTION:
        raise ImproperlyConfigured("COMPOSTNET_SECRET is empty; set it to a long random text in production.")
    file = DATA_DIR / "secret.key"
    if not file.exists():
        file.write_text(secrets.token_urlsafe(50))
        file.chmod(0o600)
    return file.read_text().strip()


SECRET_KEY = _secret_key()
ALLOWED_HOSTS = [host.strip() for host in _env("HOSTS").split(",") if host.strip()]
if PRODUCTION:
    if DEBUG:
        raise ImproperlyConfigured("COMPOSTNET_DEBUG is on in production; unset it.")
    if len(SECRET_KEY) < 40:
        raise ImproperlyConfigured("COMPOSTNET_SECRET is too short for production; use at least 40 random characters.")
    if len(set(SECRET_KEY)) < 16:
        raise ImproperlyConfigured("COMPOSTNET_SECRET is not random; make one with: openssl rand -base64 48")
    if not ALLOWED_HOSTS or any("*" in host for host in ALLOWED_HOSTS):
        raise ImproperlyConfigured("COMPOSTNET_HOSTS must name the hosts that are served (no *) in production.")
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^health/"]
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 31_536_000
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    CSRF_TRUSTED_ORIGINS = [f"https://{host.lstrip('.')}" for host in ALLOWED_HOSTS]
else:
    ALLOWED_HOSTS = ALLOWED_HOSTS or ["localhost", "127.0.0.1", "[::1]", "testserver"]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.gis",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "django_vite",
    "django_structlog",
    "ninja",
    "compostnet",
    "sites",
    "batches",
    "standards",
    "training",
]
MIDDLEWARE = [
    "compostnet.middleware.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "compostnet.middleware.ContentSecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "compostnet.middleware.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "compostnet.middleware.ProblemMiddleware",
]
ROOT_URLCONF = "compostnet.urls"
WSGI_APPLICATION = "compostnet.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "compostnet" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "libraries": {
                "platform": "compostnet.shell.templatetags.platform",
                "frontend": "compostnet.shell.templatetags.frontend",
            },
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "compostnet.context.platform",
            ],
        },
    }
]


def _database() -> dict[str, object]:
    """PostGIS from ``COMPOSTNET_DATABASE``, else SpatiaLite in the data folder."""
    address = _env("DATABASE")
    if not address:
        return {
            "ENGINE": "compostnet.spatialite",
            "NAME": DATA_DIR / "compostnet.sqlite3",
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 30,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
            },
        }
    parts = urlsplit(address)
    if parts.scheme not in ("postgis", "postgres", "postgresql") or not parts.path.strip("/"):
        raise ImproperlyConfigured("COMPOSTNET_DATABASE must look like postgis://user:password@host:port/name.")
    return {
        "ENGINE": "django.contrib.gis.db.backends.postgis",
        "NAME": parts.path.strip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }


DATABASES = {"default": _database()}
SPATIALITE_LIBRARY_PATH = "mod_spatialite.so"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS = _env("REDIS")
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS}
    if REDIS
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}
CELERY_BROKER_URL = REDIS or "memory://"
CELERY_TASK_ALWAYS_EAGER = not REDIS
CELERY_TASK_EAGER_PROPAGATES = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TIMEZONE = "UTC"
# Where work goes that nobody waits for (compostnet/shell/background.py).
BACKGROUND = "broker" if REDIS else "thread"
CELERY_BEAT_SCHEDULE = {
    # Whoever was not reached when a release was published.
    "tell-subscribers": {"task": "batches.tasks.tell_subscribers", "schedule": crontab(minute=15)},
    # Verification rolls up what it verifies; this keeps the rest current for the desk (18:30 UTC = 02:30 in China).
    "roll-up": {"task": "batches.tasks.roll_up_months", "schedule": crontab(hour=18, minute=30)},
    # After a new edition of a standard came into force, or was added to the library: a new verdict beside the old one.
    "judge-reports": {"task": "standards.tasks.judge_reports", "schedule": crontab(hour=19, minute=0)},
}

AUTH_USER_MODEL = "sites.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_REDIRECT_URL = "/"
LOGIN_URL = "account_login"
ACCOUNT_ADAPTER = "sites.accounts.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email", "phone"}
ACCOUNT_SIGNUP_FIELDS = ["email", "phone", "password1*", "password2*"]
ACCOUNT_FORMS = {"login": "sites.accounts.LoginForm", "signup": "sites.accounts.SignupForm"}
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
SOCIALACCOUNT_FORMS = {"signup": "sites.accounts.SocialSignupForm"}
SOCIALACCOUNT_AUTO_SIGNUP = False
ACCOUNT_EMAIL_VERIFICATION = "optional"
ACCOUNT_PHONE_VERIFICATION_ENABLED = False
ACCOUNT_SESSION_REMEMBER = True
# The WeChat provider of allauth is added by setting COMPOSTNET_WECHAT_APP_ID and COMPOSTNET_WECHAT_SECRET.
SOCIALACCOUNT_PROVIDERS: dict[str, object] = {}
if _env("WECHAT_APP_ID"):
    INSTALLED_APPS.append("allauth.socialaccount.providers.weixin")
    SOCIALACCOUNT_PROVIDERS["weixin"] = {
        "APPS": [{"client_id": _env("WECHAT_APP_ID"), "secret": _env("WECHAT_SECRET"), "key": ""}]
    }
EMAIL_BACKEND = (
    "django.core.mail.backends.smtp.EmailBackend"
    if _env("MAIL_HOST")
    else ("django.core.mail.backends.console.EmailBackend")
)
EMAIL_HOST = _env("MAIL_HOST")
EMAIL_PORT = _number("MAIL_PORT", 25)
EMAIL_HOST_USER = _env("MAIL_USER")
EMAIL_HOST_PASSWORD = _env("MAIL_PASSWORD")
if _env("MAIL_SECURITY") not in ("", "starttls", "tls"):
    raise ImproperlyConfigured("COMPOSTNET_MAIL_SECURITY is neither starttls nor tls; leave it empty for none.")
EMAIL_USE_TLS, EMAIL_USE_SSL = _env("MAIL_SECURITY") == "starttls", _env("MAIL_SECURITY") == "tls"
PUBLIC_URL = (
    _env("URL") or (f"https://{ALLOWED_HOSTS[0].lstrip('.')}" if PRODUCTION else "http://127.0.0.1:8000")
).rstrip("/")
DEFAULT_FROM_EMAIL = _env("MAIL_FROM") or f"compostnet@{urlsplit(PUBLIC_URL).hostname or 'localhost'}"

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("简体中文")), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "compostnet" / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = _env("TIME_ZONE", "Asia/Shanghai")

FRONTEND_DIST = BASE_DIR / "compostnet" / "frontend" / "dist"
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATIC_ROOT.mkdir(exist_ok=True)
STATICFILES_DIRS = [BASE_DIR / "compostnet" / "static"] + ([FRONTEND_DIST] if FRONTEND_DIST.exists() else [])
WHITENOISE_USE_FINDERS = not PRODUCTION
WHITENOISE_AUTOREFRESH = False
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
DJANGO_VITE = {
    "default": {"dev_mode": False, "manifest_path": FRONTEND_DIST / "manifest.json", "static_url_prefix": ""}
}
MEDIA_ROOT = DATA_DIR / "files"
MEDIA_URL = "/files/"
RELEASES_DIR = DATA_DIR / "releases"
SIGNING_KEY = _env("SIGNING_KEY").replace("\\n", "\n")
SIGNING_KEY_FILE = DATA_DIR / "signing.key"
PDF_FONT = _env("PDF_FONT")
MAX_UPLOAD_BYTES = 50 * 1024 * 1024
# A whole request with its file and the form around it; more is refused unread.
MAX_REQUEST_BYTES = MAX_UPLOAD_BYTES + 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
RATELIMIT_USE_CACHE = "default"
# Whose address a request comes from: behind a proxy everybody would share the proxy's, and so its limits.
ALLAUTH_TRUSTED_PROXY_COUNT = _number("PROXIES", 1 if PRODUCTION else 0)
# How often one person may write through the API; a bulk request counts once.
API_WRITE_RATE = _env("API_WRITE_RATE", "600/m")
# How often one address may have results checked without keeping them: that may take a second of a processor each.
API_CHECK_RATE = _env("API_CHECK_RATE", "60/m")
SILENCED_SYSTEM_CHECKS = [
    # The embedded cache lives in one process; so do its limits, which is what one machine needs.
    "django_ratelimit.E003",
    "django_ratelimit.W001",
    # Neither e-mail nor phone is required alone: sites.accounts.SignupForm asks for at least one of them.
    "account.W001",
    # Debian 12 has GDAL 3.6. Files of people never reach it: sheets are read by Python, and import_regions is a command
    # of the person at the machine.
    "gis.W001",
    # Whether every subdomain is served over TLS, and for ever, is for the owner of the domain to decide.
    "security.W005",
    "security.W021",
]
if not (FRONTEND_DIST / "manifest.json").exists():
    SILENCED_SYSTEM_CHECKS.append("django_vite.W001")  # not built: pages stand without the client

# RequestIdMiddleware has made the id clean before the log takes it over.
DJANGO_STRUCTLOG_TRUST_UPSTREAM_REQUEST_ID = True
DJANGO_STRUCTLOG_STATUS_4XX_LOG_LEVEL = logging.INFO
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "compostnet.logs.formatter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["console"], "level": _env("LOG_LEVEL", "INFO" if PRODUCTION else "WARNING")},
    # Each answer is logged once, with its request id, by django_structlog.
    "loggers": {"django.request": {"level": "ERROR"}},
}
