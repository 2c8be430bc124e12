"""Options for containers of the image."""

NO_SHELL = [f"--volume=/dev/null:/usr/bin/{shell}:ro" for shell in ("dash", "bash")]
"""Hides what /bin/sh is a link to, so that a program that needs a shell cannot start."""
