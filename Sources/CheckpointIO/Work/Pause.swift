import CheckpointPlatform

/// Lets the thread wait.
package func pause(for duration: Duration) {
  let (seconds, attoseconds) = duration.components
  let microseconds = min(max(0, seconds), 1_000) * 1_000_000 + attoseconds / 1_000_000_000_000
  usleep(UInt32(clamping: max(1, microseconds)))
}
