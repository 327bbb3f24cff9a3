"""The API of the platform, assembled from the rooms."""

from __future__ import annotations

from ninja import NinjaAPI

import batches.api
import sites.api
import standards.api
import training.api

api = NinjaAPI(title="compostnet", version="1", urls_namespace="api")
api.add_router("", sites.api.router, tags=["sites"])
api.add_router("", batches.api.router, tags=["batches"])
api.add_router("", standards.api.router, tags=["standards"])
api.add_router("", training.api.router, tags=["training"])
