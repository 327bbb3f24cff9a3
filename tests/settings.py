"""Settings of the test suite: a data folder of its own, a quick password hash; all else as in real life."""

import atexit
import os
import shutil
import tempfile

given = os.environ.get("COMPOSTNET_TEST_DATA")
os.environ["COMPOSTNET_DATA"] = given or tempfile.mkdtemp(prefix="compostnet-test-")
if not given:
    atexit.register(shutil.rmtree, os.environ["COMPOSTNET_DATA"], ignore_errors=True)

from compostnet.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
BACKGROUND = "inline"
