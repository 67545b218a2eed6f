import Foundation
import Testing

/// Proves that the library adds no names of its own to types that are not its own: programs that import
/// it would see them everywhere.
@Suite struct ForeignTypesTests {
  private static let modules = [
    "CheckpointIO", "CheckpointTensors", "CheckpointWire", "CheckpointTable", "CheckpointBundle",
    "CheckpointSlices", "CheckpointSafetensors", "CheckpointGraph", "CheckpointMapping",
    "CheckpointStore", "CheckpointPlans", "Checkpoints",
  ]

  private static let texts: [String] = modules.flatMap { module in
    let folder = DocumentationPage.root.appending(path: "Sources/\(module)")
    let names = FileManager.default.subpaths(atPath: folder.path) ?? []
    return names.filter { $0.hasSuffix(".swift") }.map { name in
      (try? String(contentsOf: folder.appending(path: name), encoding: .utf8)) ?? ""
    }
  }

  // The names of all types that are declared at the outermost level.
  private static let ownTypes: Set<Substring> = {
    let declaration = /(?:struct|class|enum|protocol|actor|typealias) ([A-Z]\w*)/
    return Set(texts.flatMap { $0.matches(of: declaration).map(\.1) })
  }()

  @Test func `extends no type of others in public`() {
    var found = 0
    for text in Self.texts {
      for block in text.matches(of: /(?m)^(public )?extension ([A-Z]\w*)([^{]*)\{\n([\s\S]*?)^\}/) {
        guard !Self.ownTypes.contains(block.2) else { continue }
        found += 1
        // What a conformance to a protocol of ours asks for is the protocol's.
        guard !block.3.contains(": TensorScalar") else { continue }
        #expect(block.1 == nil, "\(block.2)")
        for line in block.4.split(separator: "\n") where line.contains("public ") {
          let isOurs = line.contains("init(_ value: BFloat16)")
          #expect(isOurs, "\(block.2): \(line)")
        }
      }
    }
    #expect(found > 20)
  }
}
