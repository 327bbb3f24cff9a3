"""Signature and chain of releases, and how anyone checks them. Pure."""
