"""The servers that tests and benchmarks need: a private PostgreSQL with PostGIS and a private Redis.

Each has its own port, its own temporary folder and dies with this process; what was started is stopped by its process
id, and nothing else on the machine is touched. ``python -m tests.servers both`` runs the suite on both engines,
``python -m tests.servers bench`` the benchmarks.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def postgres_binaries() -> Path:
    """The newest installed server's folder of programs."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda p: int(p.parts[-3]))
    if folders:
        return folders[-1].parent
    found = shutil.which("postgres")
    if not found:
        sys.exit("PostgreSQL is not installed; ./run test installs it.")
    return Path(found).parent


def _wait(check: list[str], process: subprocess.Popen[bytes], log: Path, **options: object) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        if subprocess.run(check, capture_output=True, check=False, **options).returncode == 0:  # type: ignore[call-overload]
            return
        time.sleep(0.1)
    sys.exit(f"a test server did not start:\n{log.read_text(errors='replace')[-2000:]}")


def _stop(process: subprocess.Popen[bytes], how: signal.Signals) -> None:
    if process.poll() is None:
        process.send_signal(how)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """A private PostgreSQL; yields its address without a database name. Unsafe settings: speed over durability."""
    binaries, port = postgres_binaries(), free_port()
    # PostgreSQL refuses to run as root.
    person = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
    folder = Path(tempfile.mkdtemp(prefix="compostnet-pg-"))
    if person:
        shutil.chown(folder, "postgres", "postgres")
    log = folder / "log"
    try:
        subprocess.run(
            [binaries / "initdb", "-D", folder / "data", "-U", "compostnet", "-A", "trust", "-E", "UTF8",
             "--locale=C.UTF-8"],
            check=True, capture_output=True, cwd="/", **person,
        )  # fmt: skip
        options = {"port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": folder, "fsync": "off",
                   "synchronous_commit": "off", "full_page_writes": "off", "max_connections": 100,
                   "shared_buffers": "256MB", "work_mem": "64MB", "max_wal_size": "4GB"}  # fmt: skip
        with log.open("wb") as out:
            process = subprocess.Popen(
                [binaries / "postgres", "-D", folder / "data", *(f"--{key}={value}" for key, value in options.items())],
                stdout=out, stderr=out, cwd="/", start_new_session=True, **person,
            )  # fmt: skip
        try:
            _wait([str(binaries / "pg_isready"), "-h", "127.0.0.1", "-p", str(port), "-q"], process, log)
            yield f"postgis://compostnet@127.0.0.1:{port}"
        finally:
            _stop(process, signal.SIGINT)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def redis() -> Iterator[str]:
    """A private Redis that keeps nothing on disk; yields its address."""
    port = free_port()
    folder = Path(tempfile.mkdtemp(prefix="compostnet-redis-"))
    log = folder / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
            stdout=out, stderr=out, cwd=folder, start_new_session=True,
        )  # fmt: skip
    try:
        _wait(["redis-cli", "-p", str(port), "ping"], process, log)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        _stop(process, signal.SIGTERM)
        shutil.rmtree(folder, ignore_errors=True)


def create_database(address: str, name: str) -> str:
    """Make a database on the private server; its address."""
    import psycopg

    with psycopg.connect(address.replace("postgis://", "postgresql://") + "/postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return f"{address}/{name}"


def run_both(arguments: list[str]) -> int:
    """The suite on SpatiaLite and on PostGIS at the same time (two cores); the outputs one after the other."""
    with (
        postgres() as pg,
        redis() as broker,
        tempfile.TemporaryDirectory(prefix="compostnet-test-") as scratch,
        contextlib.ExitStack() as suites,
    ):
        runs: dict[str, tuple[subprocess.Popen[bytes], Path]] = {}
        for engine, more in {
            "SpatiaLite": {"COMPOSTNET_DATABASE": "", "COMPOSTNET_TEST_VIEWS": "straight"},
            "PostGIS": {"COMPOSTNET_DATABASE": create_database(pg, "compostnet"), "COMPOSTNET_TEST_VIEWS": "crossed"},
        }.items():
            folder = Path(scratch) / engine
            folder.mkdir()
            log = Path(scratch) / f"{engine}.log"
            with log.open("wb") as out:
                process = subprocess.Popen(
                    [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments],
                    cwd=ROOT,
                    env={**os.environ, **more, "COMPOSTNET_TEST_DATA": str(folder), "COMPOSTNET_TEST_REDIS": broker},
                    stdout=out,
                    stderr=subprocess.STDOUT,
                )
            # Whatever ends this process early ends the suites, too, before their servers go.
            suites.callback(_stop, process, signal.SIGTERM)
            runs[engine] = (process, log)
        codes = {}
        for engine, (process, log) in runs.items():
            codes[engine] = process.wait()
            print(f"\n===== {engine} =====", flush=True)
            sys.stdout.write(log.read_text(errors="replace"))
        for engine, code in codes.items():
            print(f"{engine}: {'passed' if code == 0 else f'FAILED (exit status {code})'}", flush=True)
        return max(codes.values())


BOTH_ENGINES = ("closing",)
"""Benchmarks that the embedded database runs besides."""


def run_bench(arguments: list[str]) -> int:
    """The benchmarks on a private PostGIS; closing a month also on SpatiaLite."""
    embedded = [name for name in BOTH_ENGINES if not arguments or name in arguments]
    with postgres() as pg, tempfile.TemporaryDirectory(prefix="compostnet-bench-") as scratch:
        environment = {
            **os.environ,
            "COMPOSTNET_DATABASE": create_database(pg, "compostnet"),
            "COMPOSTNET_DATA": scratch,
        }
        code = subprocess.call([sys.executable, "-m", "tests.bench", *arguments], cwd=ROOT, env=environment)
        if embedded and not code:
            environment["COMPOSTNET_DATABASE"] = ""
            code = subprocess.call([sys.executable, "-m", "tests.bench", *embedded], cwd=ROOT, env=environment)
        return code


if __name__ == "__main__":
    what, *rest = sys.argv[1:]
    # A plain kill must still stop the servers: turn it into an exception that the context managers see.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit({"both": run_both, "bench": run_bench}[what](rest))
