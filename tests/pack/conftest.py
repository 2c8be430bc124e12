from tests.two_runbooks import two_runbooks

__all__ = ["two_runbooks"]
