"""The plain door: complete sentences, line by line, for screen readers, braille, dumb terminals and pipes."""
