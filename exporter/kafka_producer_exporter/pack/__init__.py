"""The alert rules and the dashboards with a user's own parameters, and the runbooks. Pure: reads its own data only."""
