"""Addresses of places; those of people are in ``people_urls``."""

from django.urls import path

from sites import views

urlpatterns = [
    path("map/", views.map_view, name="map"),
    path("sites/", views.site_list, name="sites"),
    path("sites/<slug:code>/", views.site_page, name="site"),
]
