"""The panes: each shows one part of the picture and owns the keys that act on it."""
