"""Run the benchmarks (all, or those named) against the database that COMPOSTNET_DATABASE names, and print a table."""

from __future__ import annotations

import importlib
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "compostnet.settings")


def main(wanted: list[str]) -> None:
    import django
    from django.core.management import call_command
    from django.db import connection

    django.setup()
    call_command("migrate", verbosity=0)
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    print(f"{os.cpu_count()} cores, load {load}, {connection.vendor}", flush=True)
    names = sorted(path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*.py"))
    for unknown in set(wanted) - set(names):
        sys.exit(f"there is no benchmark {unknown!r}; known are {', '.join(names)}")
    for name in wanted or names:
        print(f"\n{name}", flush=True)
        wall, cpu = time.perf_counter(), time.process_time()
        for row in importlib.import_module(f"tests.bench.bench_{name}").run():
            value = f"{row['value']:,.3g}" if isinstance(row["value"], float) else f"{row['value']:,}"
            print(f"  {row['name']:<58} {value:>12} {row['unit']:<10} {row.get('note', '')}", flush=True)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        print(f"  all of it, making the data included: {wall:.0f} s, CPU of this process {cpu:.0f} s", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
