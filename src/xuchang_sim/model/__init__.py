"""The model: arrays, rules and the engine that runs them; no files, no text, no plots."""
