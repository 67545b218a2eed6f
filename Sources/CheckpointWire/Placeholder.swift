// CheckpointWire
