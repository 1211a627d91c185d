"""The month's rules, one file a subject."""
