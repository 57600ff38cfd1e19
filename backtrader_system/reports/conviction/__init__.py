"""The reports of the conviction system."""
