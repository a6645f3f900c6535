"""The Textual screen. It knows the engine only as `engine.console.Console`; it does no I/O of its own."""
