"""The alert rules and their runbooks, with a user's own parameters. Pure: reads nothing but the package's own data."""

LANGUAGES = ("en", "ko")
"""Of annotations and runbooks. The first one is for readers of any other language."""
