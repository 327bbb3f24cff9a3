"""The room's part of the API."""

from ninja import Router

from standards.api import library, process, products, reports, requests, samples

router = Router()
for part in (library, process, samples, reports, requests, products):
    router.add_router("", part.router)
