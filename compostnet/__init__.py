"""The data platform of a network of community compost sites."""

import os

# Matrices here are many and small: threads of the linear algebra library would only wait for each other, and their
# number could change the last digits. Read when NumPy is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
