"""Addresses of the training room."""

from django.urls import path

from training import views

urlpatterns = [
    path("training/", views.training, name="training"),
    path("training/courses/<slug:code>/enrol/", views.enrol, name="enrol"),
    path("training/enrolments/<int:enrolment_id>/evidence/", views.hand_in, name="hand_in_evidence"),
    path("training/evidence/<uuid:evidence_id>/review/", views.review, name="review_evidence"),
    path("training/evidence/<uuid:evidence_id>/file", views.evidence_file, name="evidence_file"),
]
