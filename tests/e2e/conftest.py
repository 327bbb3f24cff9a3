"""A small invented network in a server of its own, and a browser that looks at it.

The server is a process with its own data folder and database, as a visitor would meet it: what these tests do never
touches the database of the other tests. It runs on the engine that COMPOSTNET_DATABASE names.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.servers import free_port

ROOT = Path(__file__).resolve().parents[2]
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SITES, MONTHS = "12", "6"
WIDE = 1000


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Share the views of a page between two suites that run side by side: one looks at the Chinese phone and the
    English desk, the other at the other two. A suite alone (``COMPOSTNET_TEST_VIEWS`` unset) looks at all four."""
    wish = os.environ.get("COMPOSTNET_TEST_VIEWS", "")
    if not wish:
        return
    views: dict[str, set[tuple[str, bool]]] = defaultdict(set)
    of: dict[pytest.Item, tuple[str, tuple[str, bool]]] = {}
    for item in items:
        values = getattr(getattr(item, "callspec", None), "params", {})
        if item.get_closest_marker("e2e") and {"language", "width"} <= values.keys():
            test = f"{item.location[0]}::{item.originalname}"  # type: ignore[attr-defined]
            of[item] = test, (values["language"], values["width"] < WIDE)
            views[test].add(of[item][1])
    straight = {("zh-hans", True), ("en", False)}
    others = [
        item for item, (test, view) in of.items() if len(views[test]) == 4 and (view in straight) is (wish == "crossed")
    ]
    config.hook.pytest_deselected(items=others)
    left_out = set(others)
    items[:] = [item for item in items if item not in left_out]


@dataclass
class Network:
    """The running demo network: its address, its data folder and how to run a command in it."""

    address: str
    data: Path
    environment: dict[str, str]
    states: dict[str, dict] = field(default_factory=dict)

    def manage(self, *arguments: str) -> str:
        """The output of one management command; fails the test with its errors."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"manage.py {' '.join(arguments)}:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    @property
    def password(self) -> str:
        return (self.data / "demo_password.txt").read_text(encoding="utf-8").strip()


@contextmanager
def database() -> Iterator[str]:
    """The address of an empty database beside the tests' own; empty for SpatiaLite."""
    address = os.environ.get("COMPOSTNET_DATABASE", "")
    if not address:
        yield ""
        return
    import psycopg

    parts = urlsplit(address)
    name = f"{parts.path.strip('/')}_e2e_{os.getpid()}"
    server = parts._replace(scheme="postgresql", path="/postgres").geturl()
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    try:
        yield parts._replace(path=f"/{name}").geturl()
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """The demo network, loaded, verified and released by its own commands, and served."""
    data, port = tmp_path_factory.mktemp("network"), free_port()
    with database() as address:
        environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith(("COMPOSTNET_", "DJANGO_"))},
            "COMPOSTNET_DATA": str(data),
            "COMPOSTNET_DATABASE": address,
            "COMPOSTNET_LANGUAGE": "en",
        }
        network = Network(f"http://127.0.0.1:{port}", data, environment)
        network.manage("migrate", "--verbosity", "0")
        network.manage("load_demo", "--sites", SITES, "--months", MONTHS)
        network.manage("demo_job")
        with (data / "server.log").open("wb") as log:
            server = subprocess.Popen(
                [
                    *(sys.executable, "-m", "gunicorn", "compostnet.wsgi:application"),
                    *("--bind", f"127.0.0.1:{port}", "--threads", "4", "--timeout", "60", "--log-level", "warning"),
                ],
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=log,
            )
        try:
            _wait_for(network.address + "/health/live", server, data / "server.log")
            yield network
        finally:
            server.terminate()
            server.wait(20)


def _wait_for(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and server.poll() is None:
        with suppress(urllib.error.URLError, ConnectionError), urllib.request.urlopen(address) as answer:
            if answer.status == 200:
                return
        time.sleep(0.1)
    pytest.fail(f"the server did not start:\n{log.read_text(errors='replace')[-3000:]}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium with an empty profile."""
    program = next(
        filter(None, ["/usr/bin/chromium" if Path("/usr/bin/chromium").exists() else None]
               + [shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome")]),
        None,
    )  # fmt: skip
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield started
        started.close()


class Visit:
    """One page in one browser context, with everything that went wrong on the way."""

    def __init__(self, context: BrowserContext, network: Network) -> None:
        self.context, self.network = context, network
        self.page: Page = context.new_page()
        self.errors: list[str] = []
        self.expected_status: set[int] = set()
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.errors.append(f"script error: {error}"))
        self.page.on("request", self._request)
        self.page.on("response", self._response)

    def _console(self, message) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.errors.append(f"console: {message.text}")

    def _request(self, request) -> None:
        if not request.url.startswith((self.network.address + "/", "data:", "blob:")):
            self.errors.append(f"request to another host: {request.url}")

    def _response(self, response) -> None:
        if response.status >= 400 and response.status not in self.expected_status:
            self.errors.append(f"{response.status} for {response.url}")

    def go(self, path: str, status: int = 200) -> Page:
        """Open a page of the network; the map, which goes on loading, until it is still."""
        self.expected_status = {status}
        answer = self.page.goto(path if path.startswith("http") else self.network.address + path)
        assert answer is not None and answer.status == status, f"{path} answers {answer and answer.status}"
        if self.page.locator("[data-map]").count():
            self.page.wait_for_load_state("networkidle")
        return self.page


@pytest.fixture
def visit(browser: Browser, network: Network) -> Iterator[Callable[..., Visit]]:
    """``visit(language="en", width=390, height=844, role="operator")``: a fresh browser context as that person."""
    opened: list[BrowserContext] = []

    def open_one(
        *, language: str = "zh-hans", width: int = 390, height: int = 844, role: str | None = None, **options
    ) -> Visit:
        if role and role not in network.states:
            network.states[role] = _sign_in(browser, network, role)
        context = browser.new_context(
            viewport={"width": width, "height": height},
            locale="en-GB" if language == "en" else "zh-CN",
            storage_state=network.states[role] if role else None,
            **options,
        )
        context.set_default_timeout(15_000)
        opened.append(context)
        return Visit(context, network)

    yield open_one
    for context in opened:
        context.close()


def _sign_in(browser: Browser, network: Network, role: str) -> dict:
    """Sign in through the page; the cookies of that person, for further contexts (without a choice of language)."""
    with browser.new_context(locale="en-GB") as context:
        page = context.new_page()
        page.goto(network.address + "/account/login/")
        page.fill("input[name=login]", f"{role}@compostnet.example")
        page.fill("input[name=password]", network.password)
        page.click("main button[type=submit]")
        page.wait_for_load_state("networkidle")
        assert "/account/login/" not in page.url, page.inner_text("main")
        state = context.storage_state()
        state["cookies"] = [cookie for cookie in state["cookies"] if cookie["name"] != "django_language"]
        return state
