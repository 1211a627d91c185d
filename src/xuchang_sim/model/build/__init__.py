"""Building the compiled rules: from Python to C, and from C to a library."""
