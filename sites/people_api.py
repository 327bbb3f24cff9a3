"""The API of people: who I am, my tokens, memberships."""

from __future__ import annotations

from ninja import Router

router = Router()
