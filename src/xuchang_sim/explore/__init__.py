"""What if, how much, how cheaply: designs and sweeps, and the questions asked of them."""
