// Errors about files that are something else than a checkpoint's.

extension CheckpointError {
  /// The same error; where its file is something else than a checkpoint's, it says what.
  ///
  /// Of several problems with such a file one is left: they all have this cause.
  ///
  /// - Parameter fileSystem: Where the files are.
  /// - Returns: The error.
  package func namingForeignContent(in fileSystem: any FileSystem) -> CheckpointError {
    var error = self
    error.problems = problems.namingForeignContent(in: fileSystem)
    if problems.count > 1, error.problems.count == 1 { return error.problems[0] }
    guard problems.isEmpty, let content = foreignContent(in: fileSystem) else { return error }
    return CheckpointError(code, content.sentence, file: file)
  }

  /// What the file is that this says to be damaged, if it is something else.
  fileprivate func foreignContent(in fileSystem: any FileSystem) -> ForeignContent? {
    let codes: Set<Code> = [.corrupt, .truncated, .limitExceeded, .notACheckpoint]
    guard codes.contains(code), !isOutdated, let file else { return nil }
    return ForeignContent(at: file, fileSystem)
  }
}

extension [CheckpointError] {
  /// The same problems; those of a file that is something else are one, which says what.
  package func namingForeignContent(in fileSystem: any FileSystem) -> [CheckpointError] {
    var known: [FileName: CheckpointError?] = [:]
    var isNamed: Set<FileName> = []
    return compactMap { problem in
      guard problem.problems.isEmpty, let file = problem.file.map(FileName.init) else {
        return problem.namingForeignContent(in: fileSystem)
      }
      if known[file] == nil {
        let content = problem.foreignContent(in: fileSystem)
        known[file] = .some(
          content.map { CheckpointError(problem.code, $0.sentence, file: problem.file) })
      }
      guard let named = known[file] ?? nil else { return problem }
      return isNamed.insert(file).inserted ? named : nil
    }
  }
}

extension ProblemList {
  /// Lets the problems of each file that is something else be one, which says what it is.
  package mutating func nameForeignContent(in fileSystem: any FileSystem) {
    let named = problems.namingForeignContent(in: fileSystem)
    let isOther = named.count < problems.count || named.map(\.message) != problems.map(\.message)
    if isOther { replaceProblems(with: named) }
  }
}
