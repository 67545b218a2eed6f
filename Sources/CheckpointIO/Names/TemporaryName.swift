// The names of files that exist only while something is being saved.
//
// `run/ckpt-7` is being saved while `run/ckpt-7.swift-checkpoints-lock` exists and is locked; what
// will become `run/ckpt-7.index` is written as `run/ckpt-7.index.swift-checkpoints-tmp`. The names
// do not depend on time, process or chance, so a later save finds what a dead one left behind; the
// lock, which ends with its process, tells that it is dead, and the note in the lock file which of
// these files are its own: a name proves nothing.

/// Names of files that exist only while something is being saved.
package enum TemporaryName {
  private static let temporarySuffix = ".swift-checkpoints-tmp"
  private static let lockSuffix = ".swift-checkpoints-lock"

  /// Where a file is written before it is renamed to `path`.
  package static func temporary(for path: String) -> String { path + temporarySuffix }

  /// The lock file that guards saving to `path`: a prefix, or a single file.
  package static func lock(for path: String) -> String { path + lockSuffix }

  /// The name that a temporary file is to get; `nil` for a name of another form.
  package static func target(ofTemporary name: String) -> String? {
    name.removing(suffix: temporarySuffix)
  }

  /// The prefix or file that a lock guards; `nil` for a name of another form.
  package static func target(ofLock name: String) -> String? { name.removing(suffix: lockSuffix) }

  /// What follows the target's name in the name of a file that is written under the target's lock.
  ///
  ///     guarded("ckpt-7.index", by: "ckpt-7")                 // ".index"
  ///     guarded("ckpt-7.data-00001-of-00002", by: "ckpt-7")   // ".data-?????-of-00002"
  ///     guarded("m-00001-of-00002", by: "m")                  // "-?????-of-00002"
  ///     guarded("model.safetensors", by: "model.safetensors") // ""
  ///     guarded("model.safetensors", by: "model")             // ".safetensors"
  ///
  /// - Returns: `nil` if the lock is that of other files. Names are compared byte by byte.
  package static func guarded(_ file: String, by target: String) -> String? {
    guard file.utf8.starts(with: target.utf8) else { return nil }
    let rest = String(decoding: file.utf8.dropFirst(target.utf8.count), as: UTF8.self)
    if rest.isEmpty || rest == ".index" || isOfModel(rest) { return rest }
    return dataPattern(rest) ?? slicesPattern(file, of: target)
  }

  /// The same of a file of a V1 checkpoint in several; `nil` for others.
  static func slicesPattern(_ file: String, of target: String) -> String? {
    guard let path = SlicesPath(shard: file), path.prefix.utf8.elementsEqual(target.utf8) else {
      return nil
    }
    return SlicesPath(prefix: "", shardCount: path.shardCount).pattern
  }

  /// Whether what follows a target's name is that of a file of a model.
  static func isOfModel(_ rest: String) -> Bool {
    [".safetensors", ".safetensors.index.json"].contains {
      rest == $0 || rest.removing(suffix: $0) != nil
    }
  }

  private static func dataPattern(_ rest: String) -> String? {
    guard let data = DataFileName(rest), data.prefix.isEmpty, data.text == rest else { return nil }
    return data.pattern
  }
}
