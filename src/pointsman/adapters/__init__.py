"""The world outside: each module implements one of the engine's ports. Nothing here decides anything."""
