"""Addresses of the ground: health and the catalogue of problems."""

from django.urls import path

from compostnet.shell import ground

urlpatterns = [
    path("health/live", ground.live, name="health_live"),
    path("health/ready", ground.ready, name="health_ready"),
    path("problems/", ground.problems, name="problems"),
    path("problems/<slug:code>", ground.problem, name="problem"),
]
