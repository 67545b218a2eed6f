import CheckpointIO

/// What may be left on a disk that lost power: only what a sync covers is certain.
///
/// Names: of the changes in a directory since it was last synced, any may have happened, in any
/// combination. Contents: a file that was not synced has its last durable content, or nothing, or
/// its new content: all of it, half of it, or its length in zeros.
/// A file system that keeps a journal of its names does not have the changes out of their order.
/// Source of the rules: Pillai et al., "All File Systems Are Not Created Equal", OSDI 2014.
package struct PowerCut {
  private var names: [String: MemoryFileSystem.Node] = [:]
  private var pending: [MemoryFileSystem.Event] = []
  private var durable: [Int: [UInt8]] = [:]
  private var volatile: [Int: [UInt8]] = [:]
  private var seen: Set<MemoryFileSystem.Image> = []

  private let keepsOrder: Bool

  /// Begins with what is durable.
  ///
  /// - Parameters:
  ///   - start: What is there, all of it durable.
  ///   - keepsOrder: Whether of the changes of names only the last ones may be missing, as on file systems
  ///     with a journal.
  package init(_ start: MemoryFileSystem.Image, keepsOrder: Bool = false) {
    self.keepsOrder = keepsOrder
    for directory in start.directories { names[directory] = .directory }
    // Files are numbered as the file system numbers them, in the order of its dictionary.
    for (number, (path, bytes)) in start.files.enumerated() {
      names[path] = .file(number)
      durable[number] = bytes
    }
  }

  /// Goes on by one event.
  package mutating func apply(_ event: MemoryFileSystem.Event) {
    switch event {
    case .names, .directoryRename: pending.append(event)
    case .content(let file, let bytes): volatile[file] = bytes
    case .fileSync(let file):
      durable[file] = volatile[file] ?? durable[file]
      volatile[file] = nil
    case .directorySync(let directory):
      for change in pending where Self.directory(of: change) == directory {
        Self.apply(change, to: &names)
      }
      pending.removeAll { Self.directory(of: $0) == directory }
    }
  }

  /// Everything that may be left now.
  package func images() -> Set<MemoryFileSystem.Image> {
    var images: Set<MemoryFileSystem.Image> = []
    for selection in selections {
      images.formUnion(withContents(names(after: selection), contents(of:)))
    }
    return images
  }

  /// Goes on by one event.
  ///
  /// - Returns: What may be left now and could not be left before: each image once, however often this is called.
  package mutating func newImages(after event: MemoryFileSystem.Event) -> [MemoryFileSystem.Image] {
    let isFirst = seen.isEmpty
    let found = isFirst ? imagesNow(after: event) : imagesOnlyNow(after: event)
    return found.filter { seen.insert($0).inserted }
  }

  private mutating func imagesNow(after event: MemoryFileSystem.Event)
    -> Set<MemoryFileSystem.Image>
  {
    let before = images()
    apply(event)
    return before.union(images())
  }

  // What becomes durable rules out some of what might have been left; new are only the images that have a
  // change, or a content, which is new itself.
  private mutating func imagesOnlyNow(after event: MemoryFileSystem.Event)
    -> Set<MemoryFileSystem.Image>
  {
    var images: Set<MemoryFileSystem.Image> = []
    switch event {
    case .names, .directoryRename:
      apply(event)
      for selection in selections where selection & (1 << (pending.count - 1)) != 0 {
        images.formUnion(withContents(names(after: selection), contents(of:)))
      }
    case .content(let file, _):
      let before = contents(of: file)
      apply(event)
      let new = contents(of: file).subtracting(before)
      for selection in selections {
        let names = names(after: selection)
        guard names.values.contains(.file(file)) else { continue }
        images.formUnion(withContents(names) { $0 == file ? new : contents(of: $0) })
      }
    case .fileSync: apply(event)
    case .directorySync:
      apply(event)
      // Changes of other directories, which came before, may be missing all the same.
      if keepsOrder { return self.images() }
    }
    return images
  }

  private func names(after selection: Int) -> [String: MemoryFileSystem.Node] {
    var names = names
    for (place, change) in pending.enumerated() where selection & (1 << place) != 0 {
      Self.apply(change, to: &names)
    }
    return names
  }

  // Which of the pending changes have happened: a bit for each.
  private var selections: [Int] {
    precondition(pending.count <= (keepsOrder ? 60 : 12), "too many changes of names")
    guard !keepsOrder else { return (0...pending.count).map { (1 << $0) - 1 } }
    return Array(0..<(1 << pending.count))
  }

  private func withContents(
    _ names: [String: MemoryFileSystem.Node], _ contents: (Int) -> Set<[UInt8]>
  ) -> [MemoryFileSystem.Image] {
    var images = [MemoryFileSystem.Image(directories: [])]
    for (path, node) in names where Self.isReachable(path, names) {
      switch node {
      case .directory:
        for index in images.indices { images[index].directories.insert(path) }
      case .file(let file):
        let contents = contents(file)
        images = images.flatMap { image in
          contents.map { content in
            var image = image
            image.files[path] = content
            return image
          }
        }
      }
    }
    return images
  }

  private func contents(of file: Int) -> Set<[UInt8]> {
    var contents: Set<[UInt8]> = [durable[file] ?? []]
    guard let new = volatile[file] else { return contents }
    contents.formUnion([
      [], new, Array(new.prefix(new.count / 2)), Array(repeating: 0, count: new.count),
    ])
    return contents
  }

  // A directory that is renamed takes with it what has become durable in it.
  private static func apply(
    _ change: MemoryFileSystem.Event, to names: inout [String: MemoryFileSystem.Node]
  ) {
    switch change {
    case .names(let change):
      for (path, node) in change { names[path] = node }
    case .directoryRename(let old, let new):
      if names[old] != nil { MemoryFileSystem.move(old, to: new, in: &names) }
    case .directorySync, .content, .fileSync: break
    }
  }

  private static func directory(of change: MemoryFileSystem.Event) -> String? {
    switch change {
    case .names(let change): change.keys.first.map { Path($0).directory }
    case .directoryRename(let old, _): Path(old).directory
    case .directorySync, .content, .fileSync: nil
    }
  }

  private static func isReachable(_ path: String, _ names: [String: MemoryFileSystem.Node]) -> Bool
  {
    let directory = Path(path).directory
    return directory == "/" || directory == path
      || (names[directory] == .directory && isReachable(directory, names))
  }
}
