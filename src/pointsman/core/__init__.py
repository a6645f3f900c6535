"""The pure core: values and decisions. No screen, HTTP, clock, randomness or files in here."""
