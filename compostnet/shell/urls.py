"""Addresses of the shell: the start page, how figures come about, and the language switch."""

from django.urls import path

from compostnet.shell import views

urlpatterns = [
    path("", views.home, name="home"),
    path("about/", views.about, name="about"),
    path("language/", views.set_language, name="set_language"),
]
