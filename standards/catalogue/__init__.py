"""The library shown: editions compared, classes side by side, limits in words."""
