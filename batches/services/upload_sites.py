"""Making the sites that a described layout's sheet names (community districts of a city, say), when asked for."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import transaction

from batches.sheet_layouts import TEMPLATE, get_layout, known_headers, sites_in
from batches.sheets import read_table
from compostnet.shared.problems import Problem
from sites.models import Region, Site
from sites.permissions import Actor, require
from sites.services import create_site


def create_named_sites(*, actor: Actor, data: bytes, file_name: str, layout: str) -> int:
    """Create the sites of a sheet that are not there yet; how many were made.

    A site opens on the first day of the first date at which the sheet reports anything of it. Problem
    ``layout_makes_no_sites`` where the layout does not say what such sites are.
    """
    require(actor, "create_site")
    described = None if layout == TEMPLATE else get_layout(layout)
    if described is None or described.new_sites is None:
        raise Problem("layout_makes_no_sites", layout=layout)
    table = read_table(
        data, file_name, known_headers=known_headers(layout, "ledger"), max_bytes=settings.MAX_UPLOAD_BYTES
    )
    made = 0
    new = described.new_sites
    with transaction.atomic():
        named = sites_in(table, described)
        there = set(Site.objects.filter(code__in=[site.code for site in named]).values_list("code", flat=True))
        if len(there) < len(named):
            for level, region in enumerate(line := new.region.line()):
                Region.objects.get_or_create(
                    code=region.code,
                    defaults={
                        "level": level,
                        "parent_id": line[level - 1].code if level else None,
                        "country": line[0].code,
                        "name_zh": region.name.zh,
                        "name_en": region.name.en,
                    },
                )
        for site in named:
            if site.code in there:
                continue
            create_site(
                actor=actor,
                code=site.code,
                name_zh=site.name.zh,
                name_en=site.name.en,
                scenario=new.scenario,
                process=new.process,
                opened_on=dt.date.fromisoformat(site.first if len(site.first) == 10 else f"{site.first}-01"),
                region=new.region.code,
                time_zone=new.time_zone,
            )
            made += 1
    return made
