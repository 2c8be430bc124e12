"""The alert rules and their runbooks, with a user's own parameters. Pure: reads nothing but the package's own data."""
