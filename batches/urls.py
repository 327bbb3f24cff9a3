"""Pages of batches, uploads, figures and releases."""

from batches.views import (
    feeds,
    figures,
    logbook,
    methods,
    publishing,
    releases,
    reports,
    subscriptions,
    uploads,
    what_if,
)

urlpatterns = [
    *logbook.urlpatterns,
    *uploads.urlpatterns,
    *publishing.urlpatterns,
    *releases.urlpatterns,
    *subscriptions.urlpatterns,
    *feeds.urlpatterns,
    *reports.urlpatterns,
    *figures.urlpatterns,
    *methods.urlpatterns,
    *what_if.urlpatterns,
]
