"""Run time of the library: an asv suite, a short form of it, and what compares two results."""
