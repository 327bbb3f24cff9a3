"""Addresses of a person's own account (they stand before allauth's), and of the administration of people."""

from django.urls import path

from sites import people_views as views
from sites import views_people

urlpatterns = [
    path("account/", views.account, name="account"),
    path("account/tokens/", views.tokens, name="tokens"),
    path("account/tokens/<int:token_id>/revoke/", views.revoke_token, name="revoke_token"),
    path("account/phone/change/", views.phone_moved),
    path("account/phone/verify/", views.phone_moved),
    path("desk/people/", views_people.person_list, name="people"),
    path("desk/people/new/", views_people.person_new, name="person_new"),
    path("desk/people/<int:user_id>/", views_people.person, name="person"),
    path("desk/people/<int:user_id>/roles/", views_people.person_role, name="person_role"),
    path(
        "desk/people/<int:user_id>/roles/<int:membership_id>/end/",
        views_people.person_role_end,
        name="person_role_end",
    ),
    path("desk/people/<int:user_id>/password/", views_people.person_password, name="person_password"),
    path("desk/people/<int:user_id>/active/", views_people.person_active, name="person_active"),
]
