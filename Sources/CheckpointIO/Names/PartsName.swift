/// The name of a checkpoint in several files, taken from that of one of them.
///
///     m-00000-of-00002                    V1: counted from 0
///     model-00001-of-00002.safetensors    safetensors: counted from 1
///
/// The pattern has question marks in the place of the number: `m-?????-of-00002`.
///
/// Source: tensorflow/core/util/tensor_slice_reader.cc; huggingface_hub, serialization/_base.py.
package struct PartsName: Hashable, Sendable {
  /// Prefix and count; of safetensors, without the ending.
  private let path: SlicesPath
  /// Whether they are safetensors files.
  package let isSafetensors: Bool

  /// What all names begin with: `m`.
  package var prefix: String { path.prefix }

  /// How many there are.
  package var count: Int { path.shardCount }

  /// The pattern that stands for all of them.
  package var pattern: String { path.pattern + ending }

  /// The names, in order.
  package var parts: some Sequence<String> & LazySequenceProtocol {
    let first = isSafetensors ? 1 : 0
    return (first..<first + path.shardCount).lazy.map { path.shard($0) + ending }
  }

  /// The names of those that are not there, in order; at most as many as a person reads.
  ///
  /// - Parameter present: The names of those that are there.
  /// - Returns: The names.
  package func missing(besides present: [String]) -> [String] {
    guard present.count < path.shardCount else { return [] }
    let present = Set(present.map(FileName.init))
    return Array(parts.lazy.filter { !present.contains(FileName($0)) }.prefix(16))
  }

  private var ending: String { isSafetensors ? Self.safetensorsEnding : "" }

  private static let safetensorsEnding = ".safetensors"

  private init?(_ name: String, _ take: (String) -> SlicesPath?) {
    let stem = name.removing(suffix: Self.safetensorsEnding)
    isSafetensors = stem != nil
    guard let path = take(stem ?? name) else { return nil }
    self.path = path
  }

  /// Takes the name, or the path, of a part; `nil` for any other.
  package init?(part name: String) {
    let isSafetensors = name.removing(suffix: Self.safetensorsEnding) != nil
    self.init(name) { SlicesPath(shard: $0, countsFromOne: isSafetensors) }
  }

  /// Takes a pattern, or the path of one; `nil` for any other.
  package init?(pattern name: String) { self.init(name) { SlicesPath(pattern: $0) } }
}
