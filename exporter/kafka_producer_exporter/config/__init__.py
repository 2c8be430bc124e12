"""From YAML, environment and flags to settings, with every problem told at once."""
