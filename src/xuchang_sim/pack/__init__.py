"""Packs: documents, tables and settings of a city and a plan, read, checked and kept."""
