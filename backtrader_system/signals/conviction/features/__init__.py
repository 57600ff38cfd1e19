"""What a model reads of a signal."""
