"""The web server: `gunicorn -c python:crm.web`."""

from typing import Any

from crm import env
from crm.core.child import die_with_parent

wsgi_app = "crm.wsgi"
bind = f"{f'[{env.HOST}]' if ':' in env.HOST else env.HOST}:{env.PORT}"
worker_class = "gthread"
workers = env.WEB_PROCESSES
threads = env.WEB_THREADS
timeout = 60  # seconds without a sign of life, until a process is replaced
graceful_timeout = 10  # seconds for the requests under way, when it ends
keepalive = 15  # seconds
loglevel = "warning"
control_socket_disable = True
raw_env = [f"DATABASE_POOL={env.WEB_THREADS}"]  # a connection for each thread; only the web server has a pool


def post_fork(server: Any, worker: Any) -> None:
    """Let no web process outlive the server, however that one ends."""
    die_with_parent()
