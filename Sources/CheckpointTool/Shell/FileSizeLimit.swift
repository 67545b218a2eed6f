import CheckpointPlatform

/// The limit that a shell sets for the size of files: `ulimit -f`.
enum FileSizeLimit {
  /// Has a write beyond the limit fail, as on a full disk.
  ///
  /// By default the system ends the process there, which leaves the temporary files of a save (setrlimit(2),
  /// `RLIMIT_FSIZE`).
  static func makeAnError() {
    var action = sigaction()
    action.setHandler { _ in }
    action.sa_flags = SA_RESTART
    // It fails only for a signal that does not exist.
    unsafe _ = sigaction(SIGXFSZ, &action, nil)
  }
}
