"""The room's part of the API."""

from ninja import Router

from standards.api import library, samples

router = Router()
for part in (library, samples):
    router.add_router("", part.router)
