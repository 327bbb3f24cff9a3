"""Tables of the room *sites*: places, people, audit."""

from sites.models.people import ApiToken, AuditRecord, Membership, Role, User
from sites.models.places import Organisation, PublicDetail, PublicLocation, Region, Site

__all__ = [
    "ApiToken",
    "AuditRecord",
    "Membership",
    "Organisation",
    "PublicDetail",
    "PublicLocation",
    "Region",
    "Role",
    "Site",
    "User",
]
