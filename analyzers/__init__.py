"""Analyzers, one file each. Copy one, change it, name it in the settings: `analyzers: [my_analyzer]`."""
