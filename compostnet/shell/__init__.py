"""The web shell: pages that belong to no room (language switch, health, problems, docs of the API)."""
