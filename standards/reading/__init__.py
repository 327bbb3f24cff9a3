"""What a lab wrote, understood: sheets, names, units, values."""
