"""Load YAML, environment variables and flags into settings, and report every problem at once."""
