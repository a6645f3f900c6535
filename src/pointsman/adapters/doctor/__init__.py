"""What is missing on this machine, and the command that mends it. Each check looks at one thing and changes nothing."""

from pointsman.adapters.doctor.finding import Finding, Level, broken

__all__ = ["Finding", "Level", "broken"]
