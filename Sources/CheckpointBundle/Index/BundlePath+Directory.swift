package import CheckpointIO

// From the names of files back to the prefixes of checkpoints.

extension BundlePath {
  /// The checkpoint that a file belongs to: an index, a data file, or the graph beside them.
  ///
  /// - Returns: `nil` if the name is of no such kind, or if there is no index.
  package init?(owning file: String, fileSystem: any FileSystem) throws(CheckpointError) {
    let place = Path(file)
    guard let name = Self.prefix(ofFile: place.name), !name.isEmpty else { return nil }
    self.init(Path.join(place.directory, name))
    guard try fileSystem.status(of: index)?.kind == .file else { return nil }
  }

  private static func prefix(ofFile name: String) -> String? {
    for suffix in [indexSuffix, ".meta"] where name.hasSuffix(suffix) {
      return String(name.dropLast(suffix.count))
    }
    return DataFileName(name)?.prefix
  }

  /// The prefixes of all indexes in a directory, in the order of their names, numbers by value.
  package static func prefixes(inDirectory directory: String, fileSystem: any FileSystem)
    throws(CheckpointError) -> [String]
  {
    try fileSystem.namesInDirectory(directory)
      .filter { $0.hasSuffix(indexSuffix) && $0 != indexSuffix }
      .map { String($0.dropLast(indexSuffix.count)) }
      .sorted { orderOfNumbers($0, $1) }
      .map { Path.join(directory, $0) }
  }

  // `ckpt-9` before `ckpt-10`: by the text before the last digits, then by their number.
  private static func orderOfNumbers(_ left: String, _ right: String) -> Bool {
    let (first, second) = (split(left), split(right))
    guard first.stem == second.stem else { return first.stem < second.stem }
    return (first.digits.count, first.digits) < (second.digits.count, second.digits)
  }

  private static func split(_ name: String) -> (stem: String, digits: String) {
    let digits = name.utf8.reversed().prefix { (0x30...0x39).contains($0) }.count
    let text = String(name.dropLast(digits))  // digits are one character each
    return (text, String(name.suffix(digits).drop { $0 == "0" }))
  }
}
