"""The HTTP server: metrics and health on one listener, status pages for people on another."""
