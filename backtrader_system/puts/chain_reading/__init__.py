"""Option chains from files: columns, faults, warnings, contracts, underlyings and settlements."""
