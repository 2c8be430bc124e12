"""The boards, one in each module."""

from dashboards.boards import brokers, exporter, overview, producer, transactions
from dashboards.model import Board

BOARDS: tuple[Board, ...] = (overview.BOARD, producer.BOARD, transactions.BOARD, brokers.BOARD, exporter.BOARD)
"""In the order of the menu."""
