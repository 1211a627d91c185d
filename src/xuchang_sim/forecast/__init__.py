"""Forecasts of the economy around the zones, and of any series, with measured coverage."""
