"""The stateless calculator: anybody's cases of first-order decay through the engine of the figures."""
