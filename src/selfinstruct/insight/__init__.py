"""Analyses of a run: fates of candidates, lineage, funnel, forecast, ratings and the report."""
