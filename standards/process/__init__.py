"""Process rules (heat, turning) against the diary of a batch."""
