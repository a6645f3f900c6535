"""Values and stand-ins that tests share."""
