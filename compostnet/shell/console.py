"""The command line: the reader's language, and problems in words instead of stack traces."""

from __future__ import annotations

import os
import sys

import django
from django.core.management import execute_from_command_line
from django.utils import translation

from compostnet.shared.problems import Problem
from compostnet.shared.rules import RuleFileError


def console_language() -> str:
    """``COMPOSTNET_LANGUAGE``, else Chinese where the locale (``LANG``) is Chinese, else English."""
    wish = os.environ.get("COMPOSTNET_LANGUAGE") or os.environ.get("LC_ALL") or os.environ.get("LANG") or "en"
    return "zh-hans" if wish.lower().startswith("zh") else "en"


def run(arguments: list[str]) -> None:
    """Run one management command; a `Problem` ends it with its sentence, every fault, and exit status 2.

    A broken rule file stops the start with the file, the key and what to write instead.
    """
    try:
        django.setup()
    except RuleFileError as error:
        sys.exit(str(error))
    language = console_language()
    translation.activate(language)
    try:
        execute_from_command_line(arguments)
    except Problem as problem:
        document = problem.as_json(language)
        sys.stderr.write(f"{document['detail']}\n")
        for fault in document["errors"]:
            place = ", ".join(
                str(part) for part in (fault["row"], fault["column"] or fault["field"]) if part is not None
            )
            sys.stderr.write(f"  {place}: {fault['detail']} {fault['accepted'] or ''}\n".replace("  : ", "  "))
        sys.exit(2)
