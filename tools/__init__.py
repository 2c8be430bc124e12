"""Generators and repository checks that are not part of the wheel."""
