"""How people sign in: allauth with an e-mail address or a phone number."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter


class AccountAdapter(DefaultAccountAdapter):
    """allauth's adapter for our user model."""
