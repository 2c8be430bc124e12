"""What every connection needs: addresses, deadlines, name resolution, TLS, secrets, shared calls, failure reasons."""
