"""Factors with unit and source: see `compostnet.shared.cited`."""

from compostnet.shared.cited import Factor as Factor
from compostnet.shared.cited import Share as Share
from compostnet.shared.cited import check_sources as check_sources
from compostnet.shared.cited import factors_of as factors_of
