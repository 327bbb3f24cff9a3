"""Addresses of a person's own account; they stand before allauth's."""

from django.urls import path

from sites import people_views as views

urlpatterns = [
    path("account/", views.account, name="account"),
    path("account/tokens/", views.tokens, name="tokens"),
    path("account/tokens/<int:token_id>/revoke/", views.revoke_token, name="revoke_token"),
    path("account/phone/change/", views.phone_moved),
    path("account/phone/verify/", views.phone_moved),
]
