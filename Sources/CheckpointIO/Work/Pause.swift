import CheckpointPlatform

/// Lets the thread wait.
package func pause(milliseconds: UInt32) { usleep(milliseconds * 1_000) }
