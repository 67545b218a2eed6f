// CheckpointTable
