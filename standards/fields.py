"""Where migrations look for `PackedJSONField`; it is of the shell, since more rooms than one use it."""

from compostnet.shell.fields import PackedJSONField

__all__ = ["PackedJSONField"]
