"""Addresses of the room."""

from django.urls import path

from standards.views import check, library, samples

urlpatterns = [
    path("standards/", library.standards_page, name="standards"),
    path("standards/<str:code>.yaml", library.standard_file, name="standard_file"),
    path("standards/<str:code>/", library.standard_page, name="standard"),
    path("check/", check.check_page, name="check"),
    path("batches/<uuid:pk>/samples/", samples.samples_page, name="samples"),
    path("lab-reports/<uuid:pk>/", samples.lab_report_page, name="lab_report"),
]
