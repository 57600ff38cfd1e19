"""The signals of the conviction system."""
