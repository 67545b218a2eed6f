import CheckpointBundle
package import CheckpointIO
import CheckpointSlices

/// The numbered checkpoints of one name in a directory, of either format.
package struct SaverFiles {
  private let name: String
  private let directory: String
  private let fileSystem: any FileSystem

  package init(named name: String, in directory: String, fileSystem: any FileSystem) {
    self.name = name
    self.directory = directory.isEmpty ? "." : directory
    self.fileSystem = fileSystem
  }

  /// What to restore from each, in the order of their steps.
  package func paths() throws(CheckpointError) -> [String] {
    var steps: [String: Int] = [:]
    for file in try fileSystem.namesInDirectory(directory) {
      for candidate in [Self.bundle(file), Self.slices(file)].compactMap({ $0 }) {
        guard let step = step(of: candidate.stem) else { continue }
        steps[Path.join(directory, candidate.name)] = step
      }
    }
    var found: [(path: String, step: Int)] = []
    for (path, step) in steps where try CheckpointReader.format(at: path, fileSystem) != nil {
      found.append((path, step))
    }
    return found.sorted { ($0.step, $0.path) < ($1.step, $1.path) }.map(\.path)
  }

  // `model-7` for `model-7.index`.
  private static func bundle(_ file: String) -> (name: String, stem: String)? {
    guard file.hasSuffix(".index") else { return nil }
    let name = String(file.dropLast(".index".count))
    return (name, name)
  }

  // `model-7` for itself, if it is a file of V1; the pattern for `model-7-00000-of-00002`.
  private static func slices(_ file: String) -> (name: String, stem: String) {
    guard let sharded = SlicesPath(shard: file) else { return (file, file) }
    return (sharded.pattern, sharded.prefix)
  }

  // The number behind the name and a hyphen.
  private func step(of stem: String) -> Int? {
    guard stem.utf8.starts(with: "\(name)-".utf8) else { return nil }
    return Self.number(stem.utf8.dropFirst(name.utf8.count + 1))
  }

  /// The number at the end of a name.
  package static func step(of name: String) -> Int? {
    let stem = (SlicesPath(pattern: name)?.prefix ?? name).utf8
    guard let hyphen = stem.lastIndex(of: UInt8(ascii: "-")) else { return nil }
    return number(stem[stem.index(after: hyphen)...])
  }

  private static func number(_ digits: Substring.UTF8View) -> Int? {
    guard digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return Int(Substring(digits))  // none for no digits
  }
}
