"""Attacks on nodes: almost right bytes, and insiders with valid keys."""
