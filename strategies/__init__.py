"""Strategies, one file each. Copy one, change it, name it in the settings: `strategy: {name: my_strategy}`."""
