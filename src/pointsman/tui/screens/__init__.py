"""The dialogs and full-screen readers."""
