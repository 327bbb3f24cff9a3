"""Every change of the room, one module a thing."""

from standards.services.reports import confirm_lab_report, hand_in_lab_report
from standards.services.samples import register_sample

__all__ = ["confirm_lab_report", "hand_in_lab_report", "register_sample"]
