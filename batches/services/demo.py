"""Loading the demo network: regions must be there; organisations, sites, people and batches are made, once."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from batches.demo.network import DemoSite, Mess, make_sites, network_file
from batches.demo.records import SiteRecords, make_records
from batches.models import Batch
from compostnet.shared.months import last_day, month_of, parse_month
from sites import audit
from sites.models import Membership, Organisation, Role, Site, User
from sites.permissions import Actor, require
from sites.services import create_organisation, create_site
from sites.vocabulary import processes

MAIL = "compostnet.example"
NETWORK_ROLES = (Role.TRAINER, Role.VERIFIER, Role.PUBLISHER, Role.ADMINISTRATOR)
BATCH_CHUNK = 500


@dataclass(frozen=True, slots=True)
class DemoNetwork:
    """The generated network: its months (index of the first, number) and the records of each site."""

    first: int
    months: int
    mess: Mess
    records: list[SiteRecords]

    @property
    def last(self) -> int:
        return self.first + self.months - 1

    @property
    def sites(self) -> list[DemoSite]:
        return [records.site for records in self.records]


@dataclass(frozen=True, slots=True)
class Loaded:
    """What `load_network` made now (zeros when all was there)."""

    organisations: int
    sites: int
    people: int
    batches: int


def first_month(today: dt.date, months: int) -> int:
    """The first month of a network of so many months: the file's, or whole years earlier where the clock needs it.

    Entries of the future are refused, so on a machine whose clock stands before the file's last month the network
    moves back by years (the seasons stay). Once a network is loaded its own months count.
    """
    file = network_file()
    first = parse_month(file.first_month) + file.months - months
    while last_day(first + months - 1) >= today:
        first -= 12
    return first


def generate(*, sites: int | None = None, months: int | None = None) -> DemoNetwork:
    """The demo network as it is (or will be) loaded here."""
    file = network_file()
    loaded = Site.objects.filter(is_invented=True, code__startswith="demo-")
    if sites is None:
        sites = loaded.count() or file.sites
    started = (
        Batch.objects.filter(site__in=loaded, created_by__isnull=True)
        .order_by("started_on")
        .values_list("started_on", flat=True)
    )
    if months is None:
        months = file.months
    first = first_month(timezone.localdate(), months)
    if (known := started.first()) is not None:
        first = month_of(known)
        newest = started.filter(code__regex=r"^\d{4}-\d{2}$").last()
        months = month_of(newest or known) - first + 1
    mess = Mess.fitting(sites)
    made = make_sites(sites, months=months, processes=list(processes()))
    if first != parse_month(file.first_month):
        made = [_shifted(site, first - parse_month(file.first_month)) for site in made]
    return DemoNetwork(
        first, months, mess, [make_records(site, first=first, months=months, mess=mess) for site in made]
    )


def _shifted(site: DemoSite, months: int) -> DemoSite:
    """A site whose network begins so many months later than the file says."""
    opened = site.opened_on
    index = month_of(opened) + months
    day = min(opened.day, last_day(index).day)
    moved = dt.date(index // 12, index % 12 + 1, day)
    return replace(site, opened_on=moved, month_from=site.month_from + months)


def demo_password() -> str:
    """The password of the demo's people: made here once, kept beside the database, never in the code."""
    file = Path(settings.DATA_DIR) / "demo_password.txt"
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(f"{secrets.token_hex(2)}-{secrets.token_hex(2)}-{secrets.token_hex(2)}\n", encoding="utf-8")
    return file.read_text(encoding="utf-8").strip()


@transaction.atomic
def load_network(*, actor: Actor, network: DemoNetwork, password: str) -> Loaded:
    """Make what is missing of the network's organisations, sites, people and batches. Their regions must exist."""
    require(actor, "create_site")
    require(actor, "manage_people")
    organisations = _organisations(actor)
    sites = _sites(actor, network.sites)
    people = _people(actor, network.sites, password)
    batches = _batches(network)
    if sites or people or batches:
        audit.record(
            actor,
            "load_demo",
            Site.objects.get(code=network.sites[0].code),
            sites=sites,
            people=people,
            batches=batches,
        )
    return Loaded(organisations, sites, people, batches)


def _organisations(actor: Actor) -> int:
    file = network_file()
    known = set(Organisation.objects.values_list("code", flat=True))
    made = 0
    for one in (*file.organisations, file.lab):
        if one.code not in known:
            kind = Organisation.Kind.LAB if one is file.lab else Organisation.Kind.OPERATOR
            create_organisation(actor=actor, code=one.code, name_zh=one.zh, name_en=one.en, kind=kind)
            made += 1
    return made


def _sites(actor: Actor, sites: Sequence[DemoSite]) -> int:
    file = network_file()
    known = set(Site.objects.values_list("code", flat=True))
    made = 0
    for site in sites:
        if site.code in known:
            continue
        create_site(
            actor=actor,
            code=site.code,
            name_zh=site.name_zh,
            name_en=site.name_en,
            scenario=site.scenario,
            process=site.process,
            opened_on=site.opened_on,
            longitude=site.longitude,
            latitude=site.latitude,
            region=f"CN-{site.city.code}",
            organisation=site.organisation,
            public_location="coarse" if site.coarse else "exact",
            area_m2=site.area_m2,
            households=site.households,
            climate_zone=site.city.zone,
            climate_source=file.climate_source if site.city.zone else "",
            community_mode=file.community_mode.get(site.scenario, ""),
            run_by=file.run_by.get(site.scenario, ""),
            public_detail="sums" if site.number % 10 == 9 else "entries",
            is_invented=True,
        )
        made += 1
    return made


def people_of(sites: Sequence[DemoSite]) -> list[tuple[str, str, str, str]]:
    """E-mail, name, role and place (site or organisation code, or empty) of each of the demo's people's roles."""
    file = network_file()
    people = [(f"{role}@{MAIL}", f"{role} (demo)", str(role), "") for role in NETWORK_ROLES]
    people.append((f"lab@{MAIL}", "lab (demo)", str(Role.LAB), file.lab.code))
    first = sites[0]
    people.append((f"operator@{MAIL}", "operator (demo)", str(Role.OPERATOR), first.code))
    people.append((f"manager@{MAIL}", "manager (demo)", str(Role.MANAGER), first.code))
    # Each organisation has a manager for all of its sites, who sends their sheets.
    return people + [
        (f"{site.organisation}@{MAIL}", f"{site.organisation} manager", str(Role.MANAGER), site.code) for site in sites
    ]


def _people(actor: Actor, sites: Sequence[DemoSite], password: str) -> int:
    hashed = make_password(password)
    known = {user.email: user for user in User.objects.filter(email__endswith=f"@{MAIL}")}
    site_of = {site.code: site for site in Site.objects.filter(code__in=[one.code for one in sites])}
    lab = Organisation.objects.get(code=network_file().lab.code)
    made = 0
    wanted = []
    for email, name, role, place in people_of(sites):
        if email not in known:
            # One hash for all of them: each would cost a third of a second otherwise.
            known[email] = User.objects.create(email=email, name=name, password=hashed)
            audit.record(actor, "create_user", known[email])
            made += 1
        wanted.append(
            Membership(
                user=known[email],
                role=role,
                site=site_of.get(place),
                organisation=lab if role == Role.LAB else None,
            )
        )
    Membership.objects.bulk_create(wanted, ignore_conflicts=True)
    return made


def _batches(network: DemoNetwork) -> int:
    sites = dict(Site.objects.filter(is_invented=True).values_list("code", "pk"))
    known = set(Batch.objects.filter(site__in=sites.values()).values_list("pk", flat=True))
    missing = [
        Batch(
            id=batch.id,
            site_id=sites[batch.site],
            code=batch.code,
            process=batch.process,
            state=batch.state,
            started_on=max(batch.started_on, records.site.opened_on),
            finished_on=batch.finished_on,
            note="",
        )
        for records in network.records
        for batch in records.batches
        if batch.id not in known
    ]
    Batch.objects.bulk_create(missing, batch_size=BATCH_CHUNK)
    return len(missing)
