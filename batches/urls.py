"""Pages of batches, uploads and figures."""

from batches.views import figures, logbook, uploads

urlpatterns = [*logbook.urlpatterns, *uploads.urlpatterns, *figures.urlpatterns]
