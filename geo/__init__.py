"""Where it happens: wards, deprivation and placements."""
