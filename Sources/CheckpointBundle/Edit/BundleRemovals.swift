package import CheckpointIO

/// Checkpoints that are removed together, with one wait for the disk in each directory and for each
/// step: what goes wrong with one does not stop the others.
///
///     let listing = DataFileListing(of: prefixes, fileSystem: options.fileSystem)
///     for batch in Chunks(of: 0..<prefixes.count, by: BundleRemovals.mostAtOnce) {
///       var removals = BundleRemovals(listing, options: options)
///       for prefix in prefixes[batch] { removals.begin(prefix) }
///       removals.run()
///     }
package struct BundleRemovals {
  /// What went wrong so far.
  package private(set) var errors: [CheckpointError] = []
  private var removals: [(prefix: String, removal: BundleRemoval)] = []
  private let listing: DataFileListing
  private let options: FileOptions

  /// How many may go together: each holds a lock file open.
  package static let mostAtOnce = 64

  /// Begins without any.
  ///
  /// - Parameters:
  ///   - listing: What is known of the data files of all that will go.
  ///   - options: How durable each step is.
  package init(_ listing: DataFileListing, options: FileOptions) {
    self.listing = listing
    self.options = options
  }

  /// Takes a checkpoint's lock, which is held open until the end.
  package mutating func begin(_ prefix: String) {
    do throws(CheckpointError) {
      removals.append((prefix, try BundleRemoval(of: prefix, listing, options: options)))
    } catch {
      errors.append(error.located(file: prefix))
    }
  }

  /// Removes all of them.
  ///
  /// - Returns: The prefixes of those that are gone.
  @discardableResult
  package mutating func run() -> [String] {
    attempt { removal throws(CheckpointError) in try removal.removeIndex() }
    attempt { removal throws(CheckpointError) in try removal.removeData() }
    attempt { removal throws(CheckpointError) in try removal.finish() }
    return removals.map(\.prefix)
  }

  // Takes a step, once the one before is durable. A removal that fails is left to the next save, with its note.
  private mutating func attempt(_ step: (BundleRemoval) throws(CheckpointError) -> Void) {
    sync()
    var left: [(prefix: String, removal: BundleRemoval)] = []
    for (prefix, removal) in removals {
      do throws(CheckpointError) {
        try step(removal)
        left.append((prefix, removal))
      } catch {
        removal.abandon()
        errors.append(error.located(file: prefix))
      }
    }
    removals = left
  }

  private mutating func sync() {
    for directory in Set(removals.map { FileName($0.removal.directory) }).sorted() {
      do throws(CheckpointError) {
        try options.fileSystem.syncDirectory(directory.text, durability: options.durability)
      } catch {
        errors.append(error)
        let isThere = { (removal: BundleRemoval) in FileName(removal.directory) == directory }
        for (_, removal) in removals where isThere(removal) { removal.abandon() }
        removals.removeAll { isThere($0.removal) }
      }
    }
  }
}
