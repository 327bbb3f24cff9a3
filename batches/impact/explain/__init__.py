"""A published figure once more, by plain arithmetic, from a release's own evidence and rules. Pure."""
