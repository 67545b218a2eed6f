import CheckpointBundle
import CheckpointIO
import CheckpointTensors
import Foundation

/// The parts that a run merges: a merge takes them away, so that each run has names of its own for files
/// that are written once.
struct PartFiles {
  private let workload: Workload
  private let files: CheckpointFiles

  init(_ workload: Workload, _ files: CheckpointFiles) {
    self.workload = workload
    self.files = files
  }

  /// How many there are.
  var count: Int { workload.parts?.count ?? 0 }

  private var numbers: Range<Int> { 0..<count }

  /// The prefixes of the run's own parts.
  var prefixes: [String] { numbers.map { CheckpointFiles.part($0, in: directory) } }

  /// What their prefixes begin with, before the number.
  var beginning: String { "\(directory)/\(CheckpointFiles.partStem)" }

  private var directory: String { "\(files.output)-parts" }

  // MARK: For each run

  /// Gives the parts the run's own names.
  func link() throws {
    let manager = FileManager.default
    try manager.createDirectory(atPath: directory, withIntermediateDirectories: true)
    for number in numbers {
      for suffix in CheckpointFiles.suffixes {
        try manager.linkItem(
          atPath: files.part(number) + suffix,
          toPath: CheckpointFiles.part(number, in: directory) + suffix)
      }
    }
  }

  /// Removes what a run has left.
  func remove() throws {
    try FileManager.default.removeItem(atPath: directory)
    for number in numbers {
      let path = BundlePath(files.output).data(shard: number, of: numbers.count)
      try FileManager.default.removeItem(atPath: path)
    }
    try FileManager.default.removeItem(atPath: BundlePath(files.output).index)
  }

  /// Looks whether all parts are in the checkpoint, and nothing is left of them.
  func check() throws {
    let reader = try BundleReader(prefix: files.output)
    let names = try FileManager.default.contentsOfDirectory(atPath: directory)
    var count = 0
    try reader.forEachEntry { _ in count += 1 }
    let isSliced = workload.parts?.areSlices == true
    let expected = workload.tensors.count * (isSliced ? 1 : numbers.count)
    guard reader.shardCount == numbers.count, count == expected, names.isEmpty else {
      throw BenchmarkError("the parts are not merged as they should be")
    }
  }

  // MARK: Once

  /// Writes the parts that all contenders merge.
  func write() throws {
    for number in numbers {
      var options = FileOptions()
      options.durability = .none
      var writer = try BundleWriter(prefix: files.part(number), options: options)
      for tensor in workload.tensors { try add(tensor, part: number, to: &writer) }
      try writer.finish()
    }
  }

  private func add(
    _ tensor: (name: String, shape: [Int]), part: Int, to writer: inout BundleWriter
  ) throws {
    let value = Tensor<Float>(repeating: Float(part), shape: TensorShape(tensor.shape))
    guard workload.parts?.areSlices == true else {
      let key = TensorKey("\(CheckpointFiles.partName(part))/\(tensor.name)")
      return try writer.add(value, for: key)
    }
    let length = tensor.shape[0]
    let place = "\(length * numbers.count) \(length * part),\(length)"
    try writer.add(value, for: TensorKey(tensor.name), part: TensorSlice.Part(place))
  }
}
