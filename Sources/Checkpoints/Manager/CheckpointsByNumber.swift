import CheckpointStore
import CheckpointBundle
import CheckpointIO

/// The checkpoints of a manager's names that are there, as the files of a directory say it.
struct CheckpointsByNumber: Sendable {
  // A checkpoint that is there.
  private struct Present {
    /// Whether it has an index: it is one of V2.
    let hasIndex: Bool
    /// When it came; `nil` if this look has not asked.
    let time: Double?
  }

  /// The highest number that a file has; 0 if none has one.
  private(set) var highest = 0
  private let place: ManagedPlace
  private var present: [Int: Present] = [:]
  // Those whose index is empty, or has gone since an earlier look.
  private var gone: Set<Int> = []
  private var withData: Set<Int> = []

  /// Looks for them.
  ///
  /// - Parameters:
  ///   - place: The directory.
  ///   - names: All names in it.
  ///   - previous: What an earlier look has found: of these checkpoints the name alone is looked for.
  /// - Throws: `io` if the system fails.
  init(in place: ManagedPlace, names: [String], after previous: CheckpointsByNumber?)
    throws(CheckpointError)
  {
    self.place = place
    let known = previous?.present ?? [:]
    for name in names {
      guard let (number, part) = place.naming.part(ofFile: name) else { continue }
      highest = max(highest, number)
      switch part {
      case .data: withData.insert(number)
      case .index: try note(number, hasIndex: true, known)
      case .other where place.naming.number(of: name) == number && present[number] == nil:
        try note(number, hasIndex: false, known)
      case .other: break
      }
    }
  }

  private mutating func note(_ number: Int, hasIndex: Bool, _ known: [Int: Present])
    throws(CheckpointError)
  {
    if known[number]?.hasIndex == hasIndex {
      present[number] = Present(hasIndex: hasIndex, time: nil)
    } else if let time = try commitTime(number, hasIndex: hasIndex) {
      present[number] = Present(hasIndex: hasIndex, time: time)
    } else if hasIndex {
      gone.insert(number)
    }
  }

  // When a checkpoint came, by the file that makes it one; `nil` if there is none.
  private func commitTime(_ number: Int, hasIndex: Bool) throws(CheckpointError) -> Double? {
    let path = place.path(place.naming.name(number))
    guard hasIndex else {
      let files = try CommittedFiles(of: path, place.fileSystem)
      guard let files, !files.isIndex, files.missing.isEmpty else { return nil }
      return files.isModel || place.format == .safetensors ? files.modified.secondsSince1970 : nil
    }
    // TensorFlow leaves empty ones behind where a disk was full.
    let status = try place.fileSystem.reachableStatus(of: BundlePath(path).index)
    guard let status, status.kind == .file, status.byteCount > 0 else { return nil }
    return status.modificationTime
  }

  /// The numbers of those that are there.
  var numbers: Set<Int> { Set(present.keys) }

  /// Whether one is there.
  func has(_ number: Int) -> Bool { present[number] != nil }

  /// Whether there are data files of that number.
  func hasData(_ number: Int) -> Bool { withData.contains(number) }

  /// Whether a look at one has found no checkpoint where its index is, or was.
  func isKnownToBeGone(_ number: Int) -> Bool { gone.contains(number) }

  /// When one came; `nil` if it is not there, or has gone since it was seen.
  ///
  /// - Throws: `io` if the system fails.
  func time(of number: Int) throws(CheckpointError) -> Double? {
    guard let found = present[number] else { return nil }
    if let time = found.time { return time }
    return try commitTime(number, hasIndex: found.hasIndex)
  }

  /// Looks once more at one whose name alone was looked for.
  ///
  /// - Returns: Whether it has gone.
  /// - Throws: `io` if the system fails.
  mutating func hasGone(_ number: Int) throws(CheckpointError) -> Bool {
    guard let found = present[number], found.time == nil else { return false }
    if let time = try commitTime(number, hasIndex: found.hasIndex) {
      present[number] = Present(hasIndex: found.hasIndex, time: time)
      return false
    }
    present[number] = nil
    gone.insert(number)
    return true
  }
}
