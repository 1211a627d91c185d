"""What the economy around the zones may do: sampled paths with measured coverage."""
