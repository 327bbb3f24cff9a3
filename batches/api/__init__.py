"""The room's part of the API, one module a verb area."""

from ninja import Router

from batches.api import explain, figures, impact, logbook, records, releases, site_months, uploads

router = Router()
router.add_router("", logbook.router)
router.add_router("", uploads.router)
router.add_router("", records.router)
router.add_router("", figures.router)
router.add_router("", explain.router)
router.add_router("", impact.router)
router.add_router("", releases.router)
router.add_router("", site_months.router)
