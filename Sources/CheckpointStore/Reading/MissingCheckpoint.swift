import CheckpointBundle
package import CheckpointIO
import CheckpointSlices
import CheckpointTensors

/// Why there is no checkpoint at a path, and what its author may have meant.
package struct MissingCheckpoint {
  private let path: String
  private let fileSystem: any FileSystem

  package init(at path: String, _ fileSystem: any FileSystem) {
    self.path = path
    self.fileSystem = fileSystem
  }

  /// The error to throw: `notACheckpoint`, or what the system says if it refuses to look.
  package var error: CheckpointError {
    do throws(CheckpointError) {
      let message =
        switch try fileSystem.status(of: path)?.kind {
        case .directory: "this is a directory, not a checkpoint, \(try directoryHint())"
        case .file: try fileMessage()
        case let kind?: "this is \(kind), a file is needed"
        case nil: try absence()
        }
      return CheckpointError(.notACheckpoint, message, file: path)
    } catch {
      return error
    }
  }

  private func directoryHint() throws(CheckpointError) -> String {
    let found = try checkpoints(in: path)
    guard found.isEmpty else { return "and \(Self.list(found))" }
    let hint = DirectoryHint(path, fileSystem)
    if let reason = hint.reason { return "and there is none in it: \(reason)" }
    let below = hint.directoriesBelow
    return below.isEmpty
      ? "and there is none in it" : "and there is none in it, but below it: \(NameList.text(below))"
  }

  // MARK: A file

  private func fileMessage() throws(CheckpointError) -> String {
    let place = Path(path)
    let listing = try DirectoryListing(of: place.directory, fileSystem: fileSystem)
    switch CheckpointFileName(place.name) {
    case .data(let data) where try listing.owner(of: place.name) == nil:
      return
        "this is a data file, but there is no '\(data.prefix).index' beside it, without which it says "
        + "nothing"
    case .index, .data, .graph:
      if let owner = try listing.owner(of: place.name), owner.path != path {
        return "this is a file of the checkpoint '\(owner.path)'; give that"
      }
    default: break
    }
    if let content = ForeignContent(inPlaceOfCheckpoint: path, fileSystem) {
      return content.sentence
    }
    if try isOtherTable() {
      return
        "this is a sorted table of another kind: if it is the index of a V2 checkpoint that was "
        + "renamed, give it the ending '.index' again, and then the path without it"
    }
    return
      "this file is no checkpoint, or a damaged one: it does not end as V1 files do, nor begin as "
      + "safetensors files do; of a V2 checkpoint, give the prefix: 'run/ckpt-7' for "
      + "'run/ckpt-7.index'"
  }

  private func isOtherTable() throws(CheckpointError) -> Bool {
    do throws(CheckpointError) {
      _ = try SlicesReader(path: path, fileSystem: fileSystem)
      return false
    } catch  where !error.saysNothingOfContent {
      return error.code == .notACheckpoint
    }
  }

  // MARK: Nothing

  private func absence() throws(CheckpointError) -> String {
    let place = Path(path)
    let indexName = place.name.hasSuffix(".index") ? place.name : "\(place.name).index"
    switch try fileSystem.status(of: place.directory)?.kind {
    case .directory: break
    case nil: return "there is no directory '\(place.directory)'"
    case _?: return "'\(place.directory)' is a file, not a directory"
    }
    for file in [Path.join(place.directory, indexName), path] where try fileSystem.isDangling(file)
    {
      return
        "'\(file)' is a symbolic link that leads to nothing; what it stood for was moved or deleted"
    }
    let absence = "there is no '\(indexName)'"
    if let hint = try dataHint(place) { return absence + hint }
    let found = try checkpoints(in: place.directory)
    return found.isEmpty
      ? "\(absence), nor any other checkpoint beside it" : "\(absence); \(Self.list(found))"
  }

  private func dataHint(_ place: Path) throws(CheckpointError) -> String? {
    let names = try fileSystem.namesInDirectory(place.directory).sorted().filter { name in
      DataFileName(name).map { FileName($0.prefix) == FileName(place.name) } ?? false
    }
    guard let first = names.first else { return nil }
    let what = names.count == 1 ? "'\(first)'" : "'\(first)' and \(names.count - 1) more"
    return ", only \(what), which says nothing without it: fetch or copy the index as well"
  }

  // MARK: What there is

  // The checkpoints with names like the wanted one come first. In a large directory, not every file is opened.
  private func checkpoints(in directory: String) throws(CheckpointError) -> [String] {
    guard let listing = try DirectoryListing(ofAny: directory, fileSystem: fileSystem) else {
      return []
    }
    let candidates = listing.candidates.sorted { $0.name < $1.name }
    let byName = Dictionary(
      candidates.map { (TensorKey($0.name.name), $0) }, uniquingKeysWith: { one, _ in one })
    let keys = candidates.map { TensorKey($0.name.name) }
    let near = NearestKeys(to: TensorKey(Path(path).name), among: keys, limit: Self.limit).keys
    let isNear = Set(near)
    var found: [String] = []
    for key in (near + keys.filter { !isNear.contains($0) }).prefix(Self.mostLooks) {
      guard let candidate = byName[key] else { continue }
      if let checkpoint = try listing.checkpoint(candidate) { found.append(checkpoint.path) }
    }
    return found
  }

  private static func list(_ paths: [String]) -> String {
    "the directory has \(NameList.text(paths, limit: limit))"
  }

  private static let limit = 5
  private static let mostLooks = 256
}

extension FileSystem {
  /// Whether a file is a link that leads to nothing.
  ///
  /// If the system refuses to follow a link, it may lead to a checkpoint: that is an error.
  ///
  /// - Throws: `io` if the system refuses to follow it.
  func isDangling(_ file: String) throws(CheckpointError) -> Bool {
    guard try entryStatus(of: file)?.kind == .link else { return false }
    do throws(CheckpointError) {
      _ = try openFile(file)
      return false
    } catch  where error.code == .notFound {
      return true
    }
  }
}
