"""The headless verbs, one module each, and what they share. Never imports Textual; the world only through `wiring`."""
