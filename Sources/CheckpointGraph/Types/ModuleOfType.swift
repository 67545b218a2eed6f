/// The module that a type belongs to.
struct ModuleOfType {
  private let name: Substring

  /// Finds the module of a type.
  init(_ type: Any.Type) {
    var name = String(reflecting: type)[...]
    let mark = "(extension in "
    if name.hasPrefix(mark) { name = name.dropFirst(mark.count) }
    self.name = name.prefix { $0 != "." && $0 != ")" }
  }

  /// Whether what its structs consist of is its own business: it comes with the compiler or with the
  /// system, or is one of this package.
  var keepsToItself: Bool { Self.names.contains(name) }

  static let names: Set<Substring> = [
    "Combine", "CoreFoundation", "CoreGraphics", "Dispatch", "Distributed", "Foundation",
    "FoundationEssentials", "FoundationInternationalization", "FoundationNetworking",
    "FoundationXML", "Network", "Observation", "RegexBuilder", "Security", "Swift", "SwiftData",
    "SwiftUI", "Synchronization", "System", "UniformTypeIdentifiers", "XCTest", "_Concurrency",
    "_RegexParser", "_StringProcessing", "os",
    "CheckpointBundle", "CheckpointGraph", "CheckpointIO", "CheckpointMapping", "CheckpointPlans",
    "CheckpointPlatform", "CheckpointSafetensors", "CheckpointSlices", "CheckpointStore",
    "CheckpointTable", "CheckpointTensors", "CheckpointWire", "Checkpoints",
  ]
}
