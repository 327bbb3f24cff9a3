"""The room's part of the API."""

from ninja import Router

from standards.api import library, reports, requests, samples

router = Router()
for part in (library, samples, reports, requests):
    router.add_router("", part.router)
