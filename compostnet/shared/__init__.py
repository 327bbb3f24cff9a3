"""The few things that every room uses: rules as data, texts in two languages, problems, units, months, numbers.

No Django models here, and nothing that knows what a batch or a standard is.
"""
