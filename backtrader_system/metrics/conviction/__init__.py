"""The metrics of the conviction system."""
