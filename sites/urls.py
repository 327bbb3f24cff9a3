"""Addresses of places; those of people are in ``people_urls``."""

from django.urls import path

from sites import views, views_classification, views_map, views_places

urlpatterns = [
    path("map/", views_map.map_view, name="map"),
    path("map/embed/", views_map.map_embed, name="map_embed"),
    path("map/image.png", views_map.map_image, name="map_image"),
    path("map/data/<int:number>.json", views_map.map_figures, name="map_data"),
    path("sites/", views.site_list, name="sites"),
    path("sites/<slug:code>/", views.site_page, name="site"),
    path("classes/", views_classification.classes, name="classes"),
    path("desk/sites/", views_places.site_list, name="desk_sites"),
    path("desk/sites/new/", views_places.site_new, name="site_new"),
    path("desk/sites/<slug:code>/edit/", views_places.site_edit, name="site_edit"),
    path("desk/organisations/", views_places.organisation_list, name="organisations"),
    path("desk/organisations/<slug:code>/", views_places.organisation_edit, name="organisation"),
]
