"""What every document on paper shares: faces, colours, type, tables, running head and foot (ReportLab; pure)."""
