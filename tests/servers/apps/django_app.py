"""Django in one file: what the authorization servers on it have in common.

Knows how Django is set up, filled and served; must not know which of them it serves.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from socketserver import ThreadingMixIn
from types import ModuleType
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import django
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.urls import URLPattern, URLResolver

PERSON = "ada"
_URLS = "urls_of_this_server"
_APPS = ("auth", "contenttypes", "sessions", "messages", "staticfiles")
_MIDDLEWARE = (
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
)
_PROCESSORS = ("request", "auth", "messages")


def configure(
    folder: Path, urls: Callable[[], list[URLPattern | URLResolver]], apps: list[str], **more: Any
) -> None:
    """Sets Django up on a database file in `folder`, with one person whose password is her name.

    `urls` is called when Django is ready: what they lead to cannot be imported before.
    """
    middleware = [*_MIDDLEWARE, *more.pop("MIDDLEWARE", [])]
    processors = [f"django.template.context_processors.{name}" for name in _PROCESSORS[:1]]
    processors += [f"django.contrib.{name}.context_processors.{name}" for name in _PROCESSORS[1:]]
    settings.configure(
        SECRET_KEY="a key of this peer alone",
        ALLOWED_HOSTS=["127.0.0.1"],
        ROOT_URLCONF=_URLS,
        INSTALLED_APPS=[*(f"django.contrib.{name}" for name in _APPS), *apps],
        MIDDLEWARE=middleware,
        DATABASES={
            "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(folder / "db.sqlite3")}
        },
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        STATIC_URL="/static/",
        USE_TZ=True,
        # What goes wrong is told where the app's stderr goes.
        LOGGING={
            "version": 1,
            "disable_existing_loggers": False,
            "handlers": {"console": {"class": "logging.StreamHandler"}},
            "loggers": {"django.request": {"handlers": ["console"], "level": "ERROR"}},
        },
        LOGIN_URL="/accounts/login/",
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "DIRS": [str(folder)],
                "APP_DIRS": True,
                "OPTIONS": {"context_processors": processors},
            }
        ],
        **more,
    )
    django.setup()
    module = ModuleType(_URLS)
    module.__dict__["urlpatterns"] = urls()
    sys.modules[_URLS] = module
    call_command("migrate", verbosity=0)
    get_user_model().objects.create_user(PERSON, f"{PERSON}@example.com", PERSON)
    connection.close()


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """Says nothing."""


class _Threads(ThreadingMixIn, WSGIServer):
    """A browser keeps more than one connection open."""

    daemon_threads = True


def serve(port: int, addresses: dict[str, Any]) -> None:
    """Serves on loopback until standard input ends."""
    application = get_wsgi_application()
    server = make_server("127.0.0.1", port, application, _Threads, handler_class=_Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps(addresses), flush=True)
    sys.stdin.read()
