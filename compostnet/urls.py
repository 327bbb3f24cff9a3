"""All addresses: each room brings its own, the API is one."""

from django.urls import include, path

from compostnet.api import api

handler500 = "compostnet.shell.views.broken"

urlpatterns = [
    path("api/v1/", api.urls),
    path("", include("compostnet.shell.ground_urls")),
    path("", include("sites.people_urls")),
    path("account/", include("allauth.urls")),
    path("", include("compostnet.shell.urls")),
    path("", include("sites.urls")),
    path("", include("batches.urls")),
    path("", include("standards.urls")),
    path("", include("training.urls")),
]
