/// How closely a checkpoint is looked at before it counts as intact.
public enum CheckpointCheck: Sendable, Hashable {
  /// Not at all; damage that the restore itself meets still counts.
  case none
  /// The index is read from end to end, and the data files are long enough for what it says.
  case files
  /// Every checksum of every value too: all is read twice.
  case everything
}
