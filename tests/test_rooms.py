"""The rules of the house that can be read off the code: what a service is, that nothing else writes, what is pure."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.conftest import ROOT

ROOMS = ("sites", "batches", "standards", "training")
SERVICES = [
    ROOT / "sites" / "services.py",
    ROOT / "sites" / "people.py",
    *sorted((ROOT / "batches" / "services").glob("*.py")),
    *sorted((ROOT / "standards" / "services").glob("*.py")),
    ROOT / "training" / "services.py",
]
WRITES = {
    "save", "create", "bulk_create", "get_or_create", "update_or_create", "bulk_update", "delete", "update",
    "executemany", "copy", "insert_new",
}  # fmt: skip
NOT_OF_DATABASE = {"counts", "book", "router", "canvas"}
"""Names of counters, workbooks, routers and pages of a PDF, whose ``update``, ``save`` and ``delete`` write nothing."""
PARTS = {
    "insert_new": "writes the rows that store_*_rows give it",
    "store_ledger_rows": "writes rows in its caller's transaction, which has asked (known_names)",
    "store_diary_rows": "as store_ledger_rows",
    "reopen_for_late_entries": "follows from storing, in the same transaction",
    "freeze_verdicts": "what confirming and judging again keep, in their transaction",
    "roll_up": "sums what is stored anew; nobody's decision",
    "store_parts": "what publishing keeps, in its transaction",
    "run_publish_job": "does what start_publish_job allowed, as the person who asked",
    "tell_of_release": "writes to whoever asked to be told",
    "run_job": "the demo's story: each step is a service with an actor of its own",
}
"""Public functions that write for a service or by themselves, and why they ask nobody."""
OWN = {
    "change_details", "create_token", "revoke_token", "subscribe", "confirm_subscription", "end_subscription",
}  # fmt: skip
"""Services on the actor's own account or address: nobody needs a permission for that."""
NO_SERVICES = {
    "sites/accounts.py": "hooks of allauth: a person signs up by themselves",
    "sites/auth.py": "when a token was last used",
    "sites/views_people.py": "allauth's own form, which sends a mail",
    "compostnet/shared/pdf/look.py": "a PDF document, which is no row",
    "sites/mapfiles.py": "a PNG picture, which is no row",
}
"""What writes without being a service, and why."""


def called(node: ast.AST) -> set[str]:
    """The names of all functions called in a piece of code."""
    functions = [call.func for call in ast.walk(node) if isinstance(call, ast.Call)]
    return {f.id if isinstance(f, ast.Name) else f.attr for f in functions if isinstance(f, ast.Name | ast.Attribute)}


def mentioned(node: ast.AST) -> set[str]:
    """The names called, and those handed on (as the ``store`` of a bulk path)."""
    return called(node) | {name.id for name in ast.walk(node) if isinstance(name, ast.Name)}


def writes(node: ast.AST) -> Iterator[str]:
    """The calls in a piece of code that write into the database, by their text."""
    for call in ast.walk(node):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in WRITES:
            if not (isinstance(call.func.value, ast.Name) and call.func.value.id in NOT_OF_DATABASE):
                yield ast.unparse(call.func)
        elif isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in WRITES:
            yield call.func.id


@cache
def functions() -> dict[str, ast.FunctionDef]:
    """Every function of the services by name."""
    return {
        node.name: node
        for path in SERVICES
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef)
    }


def reach(name: str) -> list[ast.FunctionDef]:
    """A function and all functions of the services that it calls, however far down."""
    found, waiting = {}, [name]
    while waiting:
        current = waiting.pop()
        if current not in found and current in functions():
            found[current] = functions()[current]
            waiting += mentioned(found[current])
    return list(found.values())


def writing_services() -> list[str]:
    """The public functions of the services that write, themselves or by what they call."""
    return [
        name
        for name in functions()
        if not name.startswith("_") and name not in PARTS and any(list(writes(part)) for part in reach(name))
    ]


@pytest.mark.parametrize("name", writing_services())
def test_a_service_that_writes_asks_who_records_it_and_does_all_or_nothing(name):
    service = functions()[name]
    named = {argument.arg for argument in service.args.kwonlyargs}
    assert "actor" in named, "takes its actor by name"
    assert not service.args.args, "takes everything by name"
    calls = set().union(*(called(part) for part in reach(name)))
    assert "require" in calls or name in OWN, "asks for a permission"
    assert calls & {"record", "record_many"}, "is written into the audit record"
    assert "atomic" in " ".join(ast.unparse(part) for part in reach(name)), "is one transaction"


def test_the_exceptions_are_still_there():
    assert set(PARTS) <= set(functions())
    assert set(OWN) <= set(writing_services())
    assert len(writing_services()) > 25


@pytest.mark.parametrize("room", ROOMS)
def test_only_services_write(room):
    """No page, operation, selector, task or command writes by itself."""
    outside = {}
    for path in sorted((ROOT / room).rglob("*.py")):
        if path in SERVICES or {"migrations", "models"} & set(path.parts) or path.name in ("models.py", "audit.py"):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found = [text for text in writes(tree) if ".objects" in text or text.split(".")[-1] in ("save", "delete")]
        name = str(path.relative_to(ROOT))
        assert name not in NO_SERVICES or found, f"{name} writes nothing any more"
        if found and name not in NO_SERVICES:
            outside[name] = found
    assert outside == {}


def test_what_is_typed_strictly_is_what_may_not_know_django():
    """[tool.mypy].files and the import contract of the pure modules name the same modules."""
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    pure = next(c for c in tool["importlinter"]["contracts"] if c["type"] == "forbidden")["source_modules"]
    assert sorted(pure) == sorted(name.removesuffix(".py").replace("/", ".") for name in tool["mypy"]["files"])


def test_pure_modules_read_no_clock():
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    clocks = {"today", "now", "localdate", "time_ns", "perf_counter", "monotonic"}
    for name in tool["mypy"]["files"]:
        path = ROOT / name
        for file in [path] if path.is_file() else path.rglob("*.py"):
            tree = ast.parse(Path(file).read_text(encoding="utf-8"))
            read = {
                call.func.attr
                for call in ast.walk(tree)
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in clocks
            }
            assert not read, f"{file.relative_to(ROOT)} reads the clock: {read}"
