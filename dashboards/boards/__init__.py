"""The boards, one in each module."""
