"""Climate zones of sites: see `sites.climate`."""

from sites.climate import ClimateNormals as ClimateNormals
from sites.climate import ClimateRule as ClimateRule
from sites.climate import SiteClimate as SiteClimate
from sites.climate import Zoned as Zoned
from sites.climate import climate_rule as climate_rule
from sites.climate import climates as climates
from sites.climate import zone_of as zone_of
