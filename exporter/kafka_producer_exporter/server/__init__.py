"""Metrics and health on one listener, the pages for people on another."""
