"""The alert rules, their parameters, tests and runbooks. The wheel contains them as data of its package ``pack``."""
