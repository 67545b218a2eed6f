import CheckpointIO
import CheckpointTensors

/// How the files of a model are opened beside somebody who replaces them, and checked against each other.
struct SafetensorsOpening {
  private let path: String
  private let fileSystem: any FileSystem

  /// - Parameters:
  ///   - path: The index, or the pattern of the parts.
  ///   - fileSystem: Where.
  init(_ path: String, _ fileSystem: any FileSystem) {
    (self.path, self.fileSystem) = (path, fileSystem)
  }

  /// The files of a model, which belong together.
  struct Opened {
    let files: [SafetensorsFile]
    let catalog: SafetensorsCatalog
    /// The index; `nil` of parts without one.
    var index: PooledFile?
    /// How many bytes the index says that all tensors take, if that is wrong: nobody needs the number.
    var wrongSize: UInt64?
  }

  /// Opens the index of the path, and the files that it names.
  ///
  /// - Throws: `notACheckpoint` if there is no index; everything that is wrong with it and with the files, in
  ///   one error; `busy` if they are replaced again and again.
  func openIndexed() throws(CheckpointError) -> Opened {
    try RepeatedOpening.open(path) { () throws(CheckpointError) in
      try RepeatedOpening.attempt(path) { pooled throws(CheckpointError) in
        let file = try openIndex()
        pooled.append(file)
        let index = try ModelIndex(file)
        var problems = index.misplacedFiles(of: path)
        if problems.isEmpty { problems = try forgottenParts(of: index) }
        if problems.isEmpty {
          let directory = Path(path).directory
          let files = try open(index.files.map { Path.join(directory, $0) }, &pooled, &problems)
          let catalog = SafetensorsCatalog(files, &problems)
          if problems.isEmpty { problems = ModelCheck(path, index, files, catalog).problems }
          guard !problems.isEmpty else {
            let size = index.totalSize.flatMap { $0 == catalog.byteCount ? nil : $0 }
            return Opened(files: files, catalog: catalog, index: file, wrongSize: size)
          }
        }
        throw combined(problems)
      }
    }
  }

  /// Opens parts that no index names.
  ///
  /// - Parameter parts: The paths of all of them.
  /// - Returns: The files.
  /// - Throws: As ``openIndexed()`` does.
  func open(parts: [String]) throws(CheckpointError) -> Opened {
    try RepeatedOpening.open(path) { () throws(CheckpointError) in
      try RepeatedOpening.attempt(path) { pooled throws(CheckpointError) in
        var problems: [CheckpointError] = []
        let files = try open(parts, &pooled, &problems)
        let catalog = SafetensorsCatalog(files, &problems)
        guard problems.isEmpty else { throw combined(problems) }
        return Opened(files: files, catalog: catalog)
      }
    }
  }

  // Files with the names of the model's parts that the index does not name: their tensors would be missed.
  private func forgottenParts(of index: ModelIndex) throws(CheckpointError) -> [CheckpointError] {
    let place = Path(path)
    let stem = place.name.removing(suffix: ModelIndex.ending).map(FileName.init)
    let named = Set(index.files.map(FileName.init))
    let patterns = Set(index.files.compactMap { PartsName(part: $0)?.pattern }.map(FileName.init))
    let forgotten = try fileSystem.namesInDirectory(place.directory).filter { name in
      guard let parts = PartsName(part: name), parts.isSafetensors, !named.contains(FileName(name))
      else { return false }
      return named.isEmpty
        ? FileName(parts.prefix) == stem : patterns.contains(FileName(parts.pattern))
    }
    guard !forgotten.isEmpty else { return [] }
    let others = try ModelIndex.files(ofOthersThan: path, fileSystem)
    return forgotten.filter { !others.contains(FileName($0)) }.sorted().prefix(ProblemList.limit)
      .map { name in
        CheckpointError(
          .corrupt,
          "'\(name)' is a file of this model by its name, and the index does not name it; fetch the index "
            + "again, or move the file elsewhere", file: path)
      }
  }

  private func openIndex() throws(CheckpointError) -> PooledFile {
    do throws(CheckpointError) {
      return try PooledFile(path, fileSystem: fileSystem)
    } catch {
      guard error.code == .notFound else { throw error }
      throw CheckpointError(.notACheckpoint, "there is no such index", file: path)
    }
  }

  private func open(
    _ paths: [String], _ pooled: inout [PooledFile], _ problems: inout [CheckpointError]
  ) throws(CheckpointError) -> [SafetensorsFile] {
    var files: [SafetensorsFile] = []
    for path in paths where problems.count < ProblemList.limit {
      do throws(CheckpointError) {
        let file = try PooledFile(path, fileSystem: fileSystem)
        pooled.append(file)
        files.append(try SafetensorsFile(file))
      } catch {
        guard !error.saysNothingOfContent else { throw error }
        problems.append(error.code == .notFound ? missing(path) : error.located(file: path))
      }
    }
    return files
  }

  private func missing(_ path: String) -> CheckpointError {
    let entry = try? fileSystem.entryStatus(of: path)
    let reason =
      entry?.kind == .link
      ? "this file of the model is a symbolic link that leads to nothing"
      : "this file of the model is missing"
    return CheckpointError(.notFound, "\(reason); fetch or copy it again", file: path)
  }

  private func combined(_ problems: [CheckpointError]) -> CheckpointError {
    let error = CheckpointError.combining(problems, file: path) {
      "\($0) things are wrong with this model"
    }
    guard let error else { preconditionFailure("there is one problem at least") }
    return error
  }
}

/// What does not fit together of an index and the files that it names.
private struct ModelCheck {
  private(set) var problems: [CheckpointError] = []
  private let path: String

  init(
    _ path: String, _ index: ModelIndex, _ files: [SafetensorsFile], _ catalog: SafetensorsCatalog
  ) {
    self.path = path
    // Both are in byte order of the names.
    var stored = catalog.tensors[...]
    for (key, file) in index.tensors {
      while let next = stored.first, next.key < key { noteUnnamed(stored.removeFirst(), files) }
      guard let tensor = stored.first, tensor.key == key else {
        note("the index says that '\(index.files[file])' has this tensor, and it has none", key)
        continue
      }
      stored.removeFirst()
      guard tensor.file != file else { continue }
      let place = Path(files[tensor.file].file.path).name
      note("the index says that '\(index.files[file])' has this tensor; '\(place)' has it", key)
    }
    for tensor in stored { noteUnnamed(tensor, files) }
  }

  private mutating func noteUnnamed(_ tensor: SafetensorsEntry, _ files: [SafetensorsFile]) {
    let place = Path(files[tensor.file].file.path).name
    note("'\(place)' has this tensor, and the index does not name it", tensor.key)
  }

  private mutating func note(_ message: String, _ key: TensorKey) {
    guard problems.count < ProblemList.limit else { return }
    problems.append(CheckpointError(.corrupt, message, file: path, key: key.description))
  }
}
