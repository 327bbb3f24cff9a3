"""Every read of the room that is more than a lookup."""
