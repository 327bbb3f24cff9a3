"""What other rooms show on the public page of a site: a room that sites may not import offers its panel here at start.

A panel holds only what the public may know. Its words are in the reader's language: it is made while a page is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sites.models import Site


@dataclass(frozen=True, slots=True)
class Item:
    """One line: what it is of, what is said, and where more of it stands."""

    label: str
    value: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """A small table under a title."""

    title: str
    items: Sequence[Item]
    note: str = ""


Maker = Callable[[Site], Panel | None]
_makers: dict[str, Maker] = {}


def offer(name: str, maker: Maker) -> None:
    """Say who makes a panel; called by a room's ``ready``. None from the maker: nothing to show of this site."""
    _makers[name] = maker


def panels_of(site: Site) -> list[Panel]:
    """The panels of a site, by the order of their names."""
    made = (_makers[name](site) for name in sorted(_makers))
    return [panel for panel in made if panel is not None]
