"""Atom and RSS of the releases, in the reader's language (``?lang=``), out of the index alone."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.contrib.syndication.views import Feed
from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.feedgenerator import Atom1Feed, Rss201rev2Feed
from django.utils.translation import gettext as _

from batches.services.subscribers import summary_of
from compostnet.shared import releases
from compostnet.shared.display import format_month
from compostnet.shared.releases import Entry
from compostnet.shared.texts import Message
from compostnet.shell.answers import language

ITEMS = 50


class ReleaseRss(Feed):
    """RSS 2.0."""

    feed_type = Rss201rev2Feed
    name = "feed_rss"

    def __call__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = super().__call__(request, *args, **kwargs)
        response.headers["Cache-Control"] = "public, max-age=300"
        response.headers["Access-Control-Allow-Origin"] = "*"
        return response

    def title(self) -> str:
        return _("compostnet: monthly figures")

    def description(self) -> str:
        return _("Every release of the network's figures, with what it says and what it restates.")

    subtitle = description
    language = property(lambda self: "en" if language() == "en" else "zh-Hans")

    def link(self) -> str:
        return reverse("releases")

    def feed_url(self) -> str:
        return f"{reverse(self.name)}?lang={language()}"

    def items(self) -> list[Entry]:
        entries = releases.index(settings.RELEASES_DIR)
        return sorted(entries, key=lambda entry: -int(entry["number"]))[:ITEMS]

    def item_title(self, item: Entry) -> str:
        values = {
            "month": format_month(item["month"], language()),
            "status": Message(f"release_status_{item.get('status', 'provisional')}"),
            "number": item["number"],
        }
        return Message("release_title", values).render(language())

    def item_description(self, item: Entry) -> str:
        return summary_of(item, language())

    def item_link(self, item: Entry) -> str:
        return reverse("release", args=[item["number"]])

    def item_guid(self, item: Entry) -> str:
        return f"urn:sha256:{item['manifest_sha256']}"

    item_guid_is_permalink = False

    def item_pubdate(self, item: Entry) -> dt.datetime:
        return dt.datetime.fromisoformat(item.get("created_at", item["cut_off"]))

    item_updateddate = item_pubdate

    def item_categories(self, item: Entry) -> list[str]:
        return [item.get("status", "provisional"), item["month"]]


class ReleaseAtom(ReleaseRss):
    """Atom 1.0."""

    feed_type = Atom1Feed
    name = "feed_atom"


urlpatterns = [
    path("feeds/releases.rss", ReleaseRss(), name="feed_rss"),
    path("feeds/releases.atom", ReleaseAtom(), name="feed_atom"),
]
