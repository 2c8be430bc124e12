"""The boards, one in each module."""

from dashboards.model import Board

BOARDS: tuple[Board, ...] = ()
"""In the order of the menu."""
