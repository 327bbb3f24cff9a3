"""SpatiaLite with the two things that an embedded server needs: bulk-friendly pragmas and a quick first start."""
