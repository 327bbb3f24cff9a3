"""Settings of the test suite: a data folder of its own, a quick password hash; all else as in real life."""

import os
import tempfile

os.environ["COMPOSTNET_DATA"] = os.environ.get("COMPOSTNET_TEST_DATA") or tempfile.mkdtemp(prefix="compostnet-test-")

from compostnet.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
