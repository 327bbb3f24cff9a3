"""Reports of a release on paper: the network and a site, by month and by year (ReportLab; pure, no database)."""

from batches.pdf.network import network_report
from batches.pdf.site import site_report

__all__ = ["network_report", "site_report"]
