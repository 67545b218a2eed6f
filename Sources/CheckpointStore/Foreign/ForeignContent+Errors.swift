// Errors about files that are something else than a checkpoint's.

package import CheckpointIO

extension CheckpointError {
  /// The same error; if its file is not a checkpoint's but another kind of file, it says which.
  ///
  /// Several problems with such a file become one, since all have this cause.
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

  // If the file that this error calls damaged is another kind of file: which one. A data file holds numbers,
  // which may begin like anything. So if it has the right length, only a pointer of Git LFS counts; if it is too
  // short, only a beginning that numbers hardly ever have.
  fileprivate func foreignContent(in fileSystem: any FileSystem) -> ForeignContent? {
    guard mayBeOfForeignFile, let file else { return nil }
    // An index of a model is JSON itself.
    let content =
      file.hasSuffix(".json")
      ? ForeignContent(at: file, fileSystem)
      : ForeignContent(inPlaceOfCheckpoint: file, fileSystem)
    guard let content else { return nil }
    guard DataFileName(Path(file).name) != nil else { return content }
    let counts = code == .truncated ? content.isSure : content == .pointer
    return counts ? content : nil
  }

  // Whether it says that a file is damaged, which may be something else.
  fileprivate var mayBeOfForeignFile: Bool {
    let codes: Set<Code> = [.corrupt, .truncated, .limitExceeded, .notACheckpoint]
    return codes.contains(code) && !isOutdated
  }
}

extension [CheckpointError] {
  /// The same problems; all those of a file of another kind become one, which says which kind it is.
  package func namingForeignContent(in fileSystem: any FileSystem) -> [CheckpointError] {
    var foreign: [FileName: ForeignContent?] = [:]  // by file: each is looked at once
    for problem in self where problem.mayBeOfForeignFile {
      guard let file = problem.file.map(FileName.init), foreign[file] == nil else { continue }
      foreign[file] = .some(problem.foreignContent(in: fileSystem))
    }
    var isNamed: Set<FileName> = []
    return compactMap { problem in
      guard let file = problem.file.map(FileName.init), let content = foreign[file] ?? nil else {
        return problem.problems.isEmpty ? problem : problem.namingForeignContent(in: fileSystem)
      }
      guard isNamed.insert(file).inserted else { return nil }
      return CheckpointError(problem.code, content.sentence, file: problem.file)
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
