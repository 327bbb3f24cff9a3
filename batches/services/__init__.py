"""Every change of state of the room, one module a verb area."""
