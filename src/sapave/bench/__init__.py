"""Episode lists, rollouts, statistics and the report."""
