"""The arithmetic of verdicts and their explanations; `standards.checker` is the way in."""
