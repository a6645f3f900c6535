"""Pure drawing: values in, styled text out. No widget, no clock, no I/O."""
