@testable import CheckpointBundle
import CheckpointIO
import CheckpointTensors
import CheckpointTestSupport
import Foundation

/// The files of one bundle, in memory, to be damaged.
struct BundleFiles {
  var files: [String: [UInt8]]

  /// The files of a bundle on this machine.
  init(copying prefix: String) throws {
    let path = Path(prefix)
    files = [:]
    for name in try FileManager.default.contentsOfDirectory(atPath: path.directory)
    where name.hasPrefix(path.name + ".") {
      let url = URL(fileURLWithPath: Path.join(path.directory, name))
      files["m" + name.dropFirst(path.name.count)] = Array(try Data(contentsOf: url))
    }
  }

  /// Reads everything.
  func contents() throws(CheckpointError) -> BundleContents {
    var image = MemoryFileSystem.Image()
    for (name, bytes) in files { image.files["/run/" + name] = bytes }
    return try BundleContents(
      of: BundleReader(prefix: "/run/m", fileSystem: MemoryFileSystem(image)))
  }
}

/// Every tensor of a bundle: its description, and its elements or why they cannot be read.
struct BundleContents: Equatable {
  enum Value: Equatable {
    case bytes([UInt8])
    case refused
  }

  private(set) var specs: [TensorKey: TensorSpec] = [:]
  private(set) var values: [TensorKey: Value] = [:]

  init(of reader: BundleReader) throws(CheckpointError) {
    for entry in try reader.entries() {
      specs[entry.key] = entry.spec
      do throws(CheckpointError) {
        values[entry.key] = .bytes(try reader.tensor(for: entry.key).plainBytes)
      } catch {
        values[entry.key] = .refused
      }
    }
  }

  /// Whether it has the same tensors, and of each the same elements or none.
  func isPart(of original: BundleContents) -> Bool {
    specs == original.specs
      && values.allSatisfy { $0.value == .refused || $0.value == original.values[$0.key] }
  }
}

/// The fixtures that TensorFlow wrote, by their place in the folder.
func fixture(_ name: String) -> String {
  URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("TensorFlowFixtureTests/Fixtures/\(name)").path
}
