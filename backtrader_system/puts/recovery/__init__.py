"""Puts that once looked safe and do no more: how often they expired worthless, known in time and with hindsight."""
