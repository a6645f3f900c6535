"""Data only: one policy per TOML file, and dated prices. Read by `pointsman.config`."""
