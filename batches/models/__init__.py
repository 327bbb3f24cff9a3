"""Tables of the room *batches*: batches, ledger, diary, uploads, site-months, releases."""

from batches.models.figures import Explanation, MonthlyRecord, Remark, SiteMonth, SiteMonthMass
from batches.models.logbook import Batch, DiaryEntry, LedgerEntry, Photo
from batches.models.releases import FrozenPart, Mailing, PublishJob, Release, Subscriber
from batches.models.uploads import Upload, UploadRow

__all__ = [
    "Batch",
    "DiaryEntry",
    "Explanation",
    "FrozenPart",
    "LedgerEntry",
    "Mailing",
    "MonthlyRecord",
    "Photo",
    "PublishJob",
    "Release",
    "Remark",
    "SiteMonth",
    "SiteMonthMass",
    "Subscriber",
    "Upload",
    "UploadRow",
]
