"""Addresses of the room."""

from django.urls import path

from standards.views import chain, check, compare, library, names, over_time, pdfs, public, reports, requests, samples

urlpatterns = [
    path("standards/", library.standards_page, name="standards"),
    path("standards/<str:code>.yaml", library.standard_file, name="standard_file"),
    path("standards/<str:code>/", library.standard_page, name="standard"),
    path("check/", check.check_page, name="check"),
    path("compare/", compare.compare_page, name="compare"),
    path("compare/indicator/", over_time.indicator_over_time, name="indicator_over_time"),
    path("batches/<uuid:pk>/chain/", chain.chain_page, name="chain"),
    path("batches/<uuid:pk>/samples/", samples.samples_page, name="samples"),
    path("samples/<str:code>/arrival/", requests.sample_arrival_page, name="sample_arrival"),
    path("lab/", requests.my_lab_page, name="my_lab"),
    path("lab-reports/<uuid:pk>/", reports.lab_report_page, name="lab_report"),
    path("lab-reports/<uuid:pk>/names/", names.names_page, name="lab_report_names"),
    path("lab-reports/<uuid:pk>/attachment.pdf", reports.attachment_file, name="lab_report_attachment"),
    path("lab-reports/<uuid:pk>/summary.pdf", pdfs.report_pdf, name="report_pdf"),
    path("lab-reports/<uuid:pk>/data-sheet.pdf", pdfs.report_data_sheet_pdf, name="data_sheet_pdf"),
    path("test-requests/<uuid:pk>/label.pdf", pdfs.request_label_pdf, name="label_pdf"),
    path("test-requests/<uuid:pk>/protocol.pdf", pdfs.request_protocol_pdf, name="protocol_pdf"),
    path("compost/<str:code>/", public.product_page, name="product"),
    path("compost/<str:code>/summary.pdf", pdfs.product_pdf, name="product_pdf"),
    path("sites/<slug:code>/tests/", requests.test_requests_page, name="test_requests"),
    path("test-requests/<uuid:pk>/", requests.test_request_page, name="test_request"),
    path("desk/tests/", requests.desk_test_requests_page, name="desk_test_requests"),
]
