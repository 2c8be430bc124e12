"""The command line's root: which verb, and its exit code."""

import sys


def main() -> int:
    """Run the command line; returns the exit code."""
    print("kafka-producer-exporter: no verb yet", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
