"""What serves each line of the operating guide: the lines as data, the checks, and ``docs/guide-coverage.md``."""
