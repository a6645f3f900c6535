"""Pointsman: the right model for each prompt, and never a silent switch."""

__version__ = "0.1.0"
