"""Benchmarks: each ``bench_*.py`` has ``run()`` giving rows of name, value, unit and note. No pass or fail."""
