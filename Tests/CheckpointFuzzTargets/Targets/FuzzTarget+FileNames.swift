import CheckpointIO
import CheckpointStore
import CheckpointTestSupport

extension FuzzTarget {
  /// The names in a directory, one a line: sorted, listed, and what each is a file of.
  package static let fileNames = FuzzTarget("names", mostBytes: 1024, seeds: FuzzSeeds.fileNames) {
    bytes in
    let names = bytes.split(separator: UInt8(ascii: "\n")).prefix(16)
      .map { String(decoding: $0, as: UTF8.self) }
      .filter { !$0.isEmpty && $0.utf8.count < 256 && !$0.utf8.contains(0) && !$0.contains("/") }
    for name in names { try checkName(name) }
    try checkOrder(names.map { NumberedName($0) })
    try checkListing(names)
  }

  private static func checkName(_ name: String) throws {
    _ = CheckpointFileName(name).checkpoint(ofFile: name)
    _ = CheckpointFileName.isTensorFlowDirectory(name)
    if let parts = PartsName(part: name) {
      try promise(PartsName(pattern: parts.pattern) == parts, "'\(name)' is no part of its pattern")
      _ = parts.missing(besides: [name])
    }
    if let data = DataFileName(name) {
      try promise(DataFileName(data.text) == data, "'\(name)' is '\(data.text)'")
    }
    for made in [TemporaryName.temporary(for: name), TemporaryName.lock(for: name)] {
      let target = TemporaryName.target(ofTemporary: made) ?? TemporaryName.target(ofLock: made)
      try promise(target == name, "'\(made)' is that of '\(target ?? "")'")
    }
  }

  private static func checkOrder(_ names: [NumberedName]) throws {
    let sorted = names.sorted()
    for (one, next) in zip(sorted, sorted.dropFirst()) {
      try promise(!(next < one), "'\(one.name)' and '\(next.name)' have no order")
      try promise(!(one.comes(after: next) && next.comes(after: one)), "each comes after the other")
    }
  }

  private static func checkListing(_ names: [String]) throws {
    var image = MemoryFileSystem.Image()
    let contents = try FuzzSeeds.contents()
    for (number, name) in names.enumerated() where name != "." && name != ".." {
      image.files["/run/\(name)"] = contents[(number + name.utf8.count) % contents.count]
      image.times["/run/\(name)"] = Int64(number % 3)
    }
    let fileSystem = MemoryFileSystem(image)
    let listing = try DirectoryListing(of: "/run", fileSystem: fileSystem)
    try promise(listing.names.count == image.files.count, "a name gets lost")
    let newest = try listing.newestFirst()
    for checkpoint in newest.prefix(2) {
      _ = try? CheckpointReader(checkpoint.path, fileSystem: fileSystem).entries()
      _ = listing.successors(of: checkpoint.name)
    }
    for name in listing.names { _ = try listing.owner(of: name) }
    _ = try? listing.model()
    _ = try? CheckpointReader("/run", fileSystem: fileSystem).entries()
  }
}
