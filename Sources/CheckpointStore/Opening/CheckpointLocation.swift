import CheckpointBundle
public import CheckpointIO
import CheckpointSlices

/// The checkpoint that a person means by a path.
///
///     let location = try CheckpointLocation("run")
///     let reader = try CheckpointReader(location.path)  // run/ckpt-7
///
/// A path is, in this order:
/// - the prefix of a V2 checkpoint: `run/ckpt-7`;
/// - a directory: its newest checkpoint, as ``CheckpointDirectory/latest()`` finds it; if its state file
///   is damaged or leads nowhere, as without one; the variables of a SavedModel;
/// - a file of a checkpoint: `run/ckpt-7.index`, `run/ckpt-7.data-00000-of-00001`, `run/ckpt-7.meta`;
///   a V1 file, or any of several (`run/model.ckpt-00000-of-00002`), which stands for all of them; a
///   safetensors file;
/// - the pattern, or the prefix, of a V1 checkpoint in several files:
///   `run/model.ckpt-?????-of-00002`, `run/model.ckpt`.
///
/// Paths are literal: no other character of them is a pattern.
public struct CheckpointLocation: Sendable, Hashable {
  /// What to open: the prefix of a V2 checkpoint, the file or the pattern of a V1 checkpoint, or a
  /// safetensors file.
  public let path: String
  /// How the path that was given led to it, if it is not itself what is opened.
  public let note: String?
  /// Whether it is the newest of a directory, which may be another one a moment later.
  let isNewest: Bool
  /// Whether nothing says so: no state file that names a checkpoint which is there.
  let isGuess: Bool

  private init(path: String, note: String? = nil, isNewest: Bool = false, isGuess: Bool = false) {
    self.path = path
    self.note = note
    self.isNewest = isNewest
    self.isGuess = isGuess
  }

  /// Takes a path for that of a checkpoint, without a look.
  init(prefix path: String) { self.init(path: path) }

  /// Finds the checkpoint.
  ///
  /// - Throws: `notACheckpoint` if there is none, naming those that are near; `io` if the system
  ///   fails.
  public init(_ path: String) throws(CheckpointError) {
    try self.init(path, fileSystem: LocalFileSystem())
  }

  package init(_ text: String, fileSystem: any FileSystem) throws(CheckpointError) {
    let path = try PathText.path(text)
    let search = CheckpointSearch(fileSystem: fileSystem)
    switch try search.kind(of: path) {
    case .checkpoint:
      self.init(path: path)
    case .directory:
      self = try Self.find(inDirectory: path.withoutTrailingSlashes, search)
    case .file:
      self = try Self.find(owning: path, search)
    case .nothing:
      guard let pattern = try search.pattern(ofPrefix: path) else {
        throw MissingBundle(prefix: path, fileSystem: fileSystem).error
      }
      let note = "\(path) is in several files, the checkpoint is \(pattern)"
      self.init(path: pattern, note: pattern == path ? nil : note)
    }
  }

  private static func find(owning file: String, _ search: CheckpointSearch) throws(CheckpointError)
    -> CheckpointLocation
  {
    guard let owner = try search.owner(of: file) else { throw search.stray(file) }
    guard owner != file else { return CheckpointLocation(path: file) }
    return CheckpointLocation(path: owner, note: "\(file) is a file of the checkpoint \(owner)")
  }

  // Whoever saves there may delete what was just found: it has found nothing only if nothing has changed
  // between two looks.
  private static func find(inDirectory path: String, _ search: CheckpointSearch)
    throws(CheckpointError) -> CheckpointLocation
  {
    var last: CheckpointSearch.Sight?
    for _ in 0..<mostLooks {
      do throws(CheckpointError) {
        return try look(inDirectory: path, search)
      } catch  where error.code == .notACheckpoint || error.isOutdated {
        let sight = try search.sight(ofDirectory: path)
        guard sight != last else { throw error }
        last = sight
      }
    }
    throw CheckpointError(
      .busy,
      "checkpoints come and go here, and none stayed long enough to be found; let whoever saves keep "
        + "more of them, or try again later", file: path)
  }

  private static let mostLooks = 10

  private static func look(inDirectory path: String, _ search: CheckpointSearch)
    throws(CheckpointError) -> CheckpointLocation
  {
    var reason = "has no state file"
    do throws(CheckpointError) {
      let directory = CheckpointDirectory(path, fileSystem: search.fileSystem)
      let found = try directory.newestByState()
      if let newest = found.newest {
        let addition = found.newer.isEmpty ? "" : ", which its state file does not know yet"
        return CheckpointLocation(
          path: newest, note: "the latest checkpoint in \(path) is \(newest)\(addition)",
          isNewest: true)
      }
      if found.state != nil {
        reason = "has a state file that names a checkpoint which is not there"
      }
    } catch  where !error.saysNothingOfContent {
      reason = "has a state file that cannot be read"
    }
    var newest = try search.newest(inDirectory: path, isWhole: true)
    if newest == nil { newest = try search.newest(inDirectory: path, isWhole: false) }
    if let newest {
      return CheckpointLocation(
        path: newest, note: "\(path) \(reason); its newest checkpoint is \(newest)", isNewest: true,
        isGuess: true)
    }
    let variables = Path.join(path, "variables/variables")
    guard try search.hasIndex(variables) else {
      throw MissingBundle(prefix: path, fileSystem: search.fileSystem).error
    }
    return CheckpointLocation(
      path: variables, note: "\(path) is a SavedModel; its variables are \(variables)")
  }
}

extension CheckpointLocation {
  /// Warns if nothing says that this is the checkpoint that was meant, once it has been restored.
  package func warnIfGuessed() {
    if isGuess, let note { CheckpointWarnings.warn(note) }
  }
}

extension String {
  // `run/` and `run` are one directory; `/` stays.
  fileprivate var withoutTrailingSlashes: String {
    var path = self[...]
    while path.utf8.count > 1, path.utf8.last == UInt8(ascii: "/") { path.removeLast() }
    return String(path)
  }
}
