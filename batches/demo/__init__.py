"""The demo network: generated from a fixed seed, and it says everywhere that it is invented."""
