// CheckpointTensors
