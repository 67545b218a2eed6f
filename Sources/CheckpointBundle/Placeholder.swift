// CheckpointBundle
