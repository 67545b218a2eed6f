package import CheckpointIO
import CheckpointTable
import CheckpointTensors

/// Why there is no V2 checkpoint at a path, and what its author may have meant.
package struct MissingBundle {
  private let path: String
  private let fileSystem: any FileSystem

  package init(prefix path: String, fileSystem: any FileSystem) {
    self.path = path
    self.fileSystem = fileSystem
  }

  /// The error to throw: `notACheckpoint`, or what the system says if it refuses to look.
  package var error: CheckpointError {
    do throws(CheckpointError) {
      return CheckpointError(.notACheckpoint, try message(), file: path)
    } catch {
      return error
    }
  }

  private func message() throws(CheckpointError) -> String {
    switch try fileSystem.status(of: path)?.kind {
    case .directory:
      return "this is a directory, not the prefix of a checkpoint; \(try directoryHint())"
    case _?:
      if let owner = try BundlePath(owning: path, fileSystem: fileSystem) {
        return "this is a file of the checkpoint '\(owner.prefix)'; give that as the prefix"
      }
      return try fileMessage()
    case nil:
      return try absenceHint()
    }
  }

  // A file of no V2 checkpoint: a table of its own is one of V1.
  private func fileMessage() throws(CheckpointError) -> String {
    if let data = DataFileName(Path(path).name) {
      return
        "this is a data file, but there is no '\(data.prefix)\(BundlePath.indexSuffix)' beside it, "
        + "without which it says nothing"
    }
    if try fileSystem.status(of: path)?.kind == .file, try endsLikeTable() {
      return "this is a checkpoint of the older format V1, or an index that was renamed; "
        + "what is needed is the prefix of a V2 checkpoint"
    }
    return "this file is not a V2 checkpoint, which has several files: the prefix of "
      + "'run/ckpt-7.index' is 'run/ckpt-7'"
  }

  private func endsLikeTable() throws(CheckpointError) -> Bool {
    do throws(CheckpointError) {
      _ = try TableReader(fileSystem.openFile(path), cacheByteCount: 0)
      return true
    } catch  where !error.saysNothingOfContent {
      return false
    }
  }

  private func directoryHint() throws(CheckpointError) -> String {
    let prefixes = try BundlePath.prefixes(inDirectory: path, fileSystem: fileSystem)
    guard !prefixes.isEmpty else { return "and no file in it ends in '.index'" }
    return Self.list(prefixes)
  }

  private func absenceHint() throws(CheckpointError) -> String {
    let place = Path(path)
    let isIndex = place.name.hasSuffix(BundlePath.indexSuffix)
    let absence = "there is no '\(place.name)\(isIndex ? "" : BundlePath.indexSuffix)'"
    try checkLink(isIndex ? path : BundlePath(path).index)
    switch try fileSystem.status(of: place.directory)?.kind {
    case .directory:
      let prefixes = try BundlePath.prefixes(inDirectory: place.directory, fileSystem: fileSystem)
      guard !prefixes.isEmpty else { return "\(absence), nor any other checkpoint beside it" }
      return "\(absence); \(Self.list(nearest(of: prefixes)))"
    case nil:
      return "there is no directory '\(place.directory)'"
    case _?:
      return "'\(place.directory)' is a file, not a directory"
    }
  }

  // A link that leads nowhere is nothing; one that the system does not follow may be a checkpoint.
  private func checkLink(_ index: String) throws(CheckpointError) {
    guard try fileSystem.entryStatus(of: index)?.kind == .link else { return }
    do throws(CheckpointError) {
      _ = try fileSystem.openFile(index)
    } catch  where error.code == .notFound {
      return
    }
  }

  // Those with a name like the wanted one first.
  private func nearest(of prefixes: [String]) -> [String] {
    let keys = prefixes.map { TensorKey($0) }
    let near = NearestKeys(to: TensorKey(path), among: keys, limit: Self.limit).keys
    return (near + keys.filter { !near.contains($0) }).map(\.description)
  }

  private static func list(_ prefixes: [String]) -> String {
    "the directory has \(NameList.text(prefixes, limit: limit))"
  }

  private static let limit = 5
}
