"""Pages of the room, one module a verb area; each lists its own addresses."""
