#!/usr/bin/env python
"""Django's command line; everything the desk does can be done here too (``./run manage help``)."""

import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "compostnet.settings")
    from compostnet.shell.console import run

    run(sys.argv)
