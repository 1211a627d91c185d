"""Runs of the model over a pack: inputs, the engine's calls, what is on record, measures of it."""
