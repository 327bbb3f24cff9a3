"""Addresses of the room."""

from django.urls import path

from standards import views

urlpatterns = [
    path("standards/", views.standards_page, name="standards"),
    path("standards/<str:code>/", views.standard_page, name="standard"),
    path("check/", views.check_page, name="check"),
    path("batches/<uuid:pk>/samples/", views.samples_page, name="samples"),
    path("lab-reports/<uuid:pk>/", views.lab_report_page, name="lab_report"),
]
