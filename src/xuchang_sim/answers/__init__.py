"""Answers about a plan: how likely, what binds, what would reach it, what it depends on."""
