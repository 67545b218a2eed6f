package import CheckpointIO

/// Whether the files of a checkpoint are what they should be.
package struct IntactCheck {
  private let fileSystem: any FileSystem

  package init(_ fileSystem: any FileSystem) { self.fileSystem = fileSystem }

  /// Looks at a checkpoint: one that is replaced meanwhile is looked at again.
  ///
  /// - Throws: What is wrong with it; `notFound`, as something that is no damage, if it was deleted
  ///   meanwhile; `busy` if it is replaced again and again; `io` if the system refuses.
  package func check(_ path: String, _ check: CheckpointCheck) throws(CheckpointError) {
    guard check != .none else { return }
    try CheckpointOpening(prefix: path, fileSystem).read { opened throws(CheckpointError) in
      try self.check(opened.reader, check)
    }
  }

  /// Looks at a checkpoint that is open.
  ///
  /// - Throws: What is wrong with it; `notFound` or `busy`, as something that is no damage, if it was
  ///   deleted or replaced meanwhile; `io` if the system refuses.
  package func check(_ reader: CheckpointReader, _ check: CheckpointCheck) throws(CheckpointError) {
    let findings = check == .files ? reader.findingsOfPlaces() : reader.findings { _, _ in }
    guard let problems = findings?.problems, problems.count > 0 else { return }
    // A checkpoint that was replaced meanwhile, or that the system refuses to read, is not thereby damaged.
    if let change = try reader.change() { throw change.error(at: reader.path) }
    if let refusal = problems.refusalError(for: reader.path) { throw refusal }
    let error = CheckpointError.combining(problems.problems, file: reader.path) { _ in
      "\(problems.count) things are wrong with this checkpoint"
    }
    if let error { throw error }
  }
}
