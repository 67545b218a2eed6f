extension CheckpointHistory {
  /// Adds a checkpoint as the newest; what is known of an older one of the same name is forgotten, but
  /// for its pin.
  mutating func add(_ entry: Entry) {
    var entry = entry
    if let old = checkpoints.first(where: { $0.name == entry.name }) {
      entry.isPinned = entry.isPinned || old.isPinned
      checkpoints.removeAll { $0.name == entry.name }
    }
    checkpoints.append(entry)
  }
}
