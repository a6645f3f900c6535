"""Async orchestration over the ports. Knows no HTTP, no files and no screen."""
