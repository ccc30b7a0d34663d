"""Measurements. Each command prints one JSON object as its last line; ratios of one run, medians of three."""
