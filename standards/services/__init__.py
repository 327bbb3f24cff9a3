"""Every change of the room, one module a thing."""

from standards.services.names import name_indicator, teach_indicator_name
from standards.services.publishing import publish_lab_report, unpublish_lab_report
from standards.services.reports import (
    attach_report_pdf,
    confirm_lab_report,
    hand_in_lab_report,
    hand_in_lab_sheet,
    withdraw_lab_report,
)
from standards.services.requests import (
    ask_for_test,
    cancel_test_request,
    decide_test_request,
    take_requested_sample,
)
from standards.services.samples import mark_arrived, register_sample
from standards.services.verdicts import judge_again, judge_reports_again

__all__ = [
    "ask_for_test",
    "attach_report_pdf",
    "cancel_test_request",
    "confirm_lab_report",
    "decide_test_request",
    "hand_in_lab_report",
    "hand_in_lab_sheet",
    "judge_again",
    "judge_reports_again",
    "mark_arrived",
    "name_indicator",
    "publish_lab_report",
    "register_sample",
    "take_requested_sample",
    "teach_indicator_name",
    "unpublish_lab_report",
    "withdraw_lab_report",
]
