"""The room's part of the API."""

from ninja import Router

from standards.api import library, names, process, products, reports, requests, samples

router = Router()
for part in (library, process, samples, reports, names, requests, products):
    router.add_router("", part.router)
