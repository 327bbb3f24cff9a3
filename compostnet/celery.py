"""The celery application; without a broker (embedded) tasks run in-process at once."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "compostnet.settings")
app = Celery("compostnet")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
