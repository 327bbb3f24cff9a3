"""Tables of the room *batches*: batches, ledger, diary, uploads, site-months, releases."""

from batches.models.figures import Explanation, Release, SiteMonth, SiteMonthMass
from batches.models.logbook import Batch, DiaryEntry, LedgerEntry, Photo
from batches.models.uploads import Upload, UploadRow

__all__ = [
    "Batch",
    "DiaryEntry",
    "Explanation",
    "LedgerEntry",
    "Photo",
    "Release",
    "SiteMonth",
    "SiteMonthMass",
    "Upload",
    "UploadRow",
]
