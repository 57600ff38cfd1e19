"""The models of the conviction system."""
