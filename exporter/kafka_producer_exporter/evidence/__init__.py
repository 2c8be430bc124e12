"""Where ``diagnose`` gets its evidence from: one module per source."""
