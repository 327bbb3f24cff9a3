"""Documents on paper: test summary, product data sheet, sample label, sampling protocol (ReportLab; no database)."""

from standards.pdf.data_sheet import data_sheet_pdf
from standards.pdf.facts import ProductFacts, ReportFacts, ResultLine, Share, checksum
from standards.pdf.label import LabelFacts, label_pdf
from standards.pdf.protocol import protocol_pdf
from standards.pdf.summary import summary_pdf

__all__ = [
    "LabelFacts",
    "ProductFacts",
    "ReportFacts",
    "ResultLine",
    "Share",
    "checksum",
    "data_sheet_pdf",
    "label_pdf",
    "protocol_pdf",
    "summary_pdf",
]
