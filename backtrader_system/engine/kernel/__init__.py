"""The sweep kernel: the rules of the built-in strategies over arrays, compiled, thousands of settings at a time."""

from __future__ import annotations
