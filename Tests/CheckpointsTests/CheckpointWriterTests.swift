import CheckpointIO
import CheckpointPlans
import CheckpointStore
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Foundation
import Testing

/// What is written without variables, and by whom in which format.
@Suite struct CheckpointWriterTests {
  private let directory: TemporaryDirectory
  init() throws { directory = try TemporaryDirectory() }

  private static let w = Tensor<Float>(shape: [2, 3], scalars: [1, 2, 3, 4, 5, 6])

  private func failure(_ body: () throws -> Void) -> CheckpointError? {
    #expect(throws: CheckpointError.self) { try body() }
  }

  @Test(arguments: CheckpointFormat.allCases)
  func `writes every format, which a reader tells`(format: CheckpointFormat) throws {
    var writer = try CheckpointWriter(
      to: directory.path("m"), options: SaveOptions(format: format, durability: .none))
    try writer.add(Self.w, for: "w")
    try writer.add(Tensor<Int64>([7]), for: "step")
    try writer.finish()
    let reader = try CheckpointReader(writer.path)
    #expect(reader.format == format)
    #expect(try reader.entries().map(\.key) == ["step", "w"])
    #expect(try Tensor<Float>(reader.tensor(for: "w")) == Self.w)
    #expect(failure { try writer.finish() }?.code == .invalidArgument)
    #expect(failure { try writer.add(Self.w, for: "v") }?.code == .invalidArgument)
  }

  @Test(arguments: [CheckpointFormat.v2, .v1])
  func `deals tensors out to data files, parts and strings as well`(format: CheckpointFormat) throws
  {
    var writer = try CheckpointWriter(
      to: directory.path("m"), options: SaveOptions(format: format, sharding: .count(2)))
    for row in 0..<2 {
      let slice = TensorSlice(starts: [row, 0], shape: [1, 3])
      let part = try TensorSlice.Part(fullShape: [2, 3], slice: slice)
      try writer.add(
        Tensor(shape: [1, 3], scalars: Self.w.array[row * 3..<row * 3 + 3].map { $0 }),
        for: "w", part: part)
    }
    if format == .v2 { try writer.add(Tensor(["one", "two"]), for: "words") }
    try writer.finish()
    let reader = try CheckpointReader(writer.path)
    #expect(reader.shardCount == 2)
    #expect(try Tensor<Float>(reader.tensor(for: "w")) == Self.w)
    #expect(try reader.entry(for: "w")?.slices.count == 2)
    if format == .v2 {
      #expect(try Tensor<String>(reader.tensor(for: "words")).array == ["one", "two"])
    }
  }

  @Test func `gives a safetensors file texts about itself, and no other`() throws {
    let path = directory.path("m.safetensors")
    let cases: [(texts: [String: String], more: [String: String], written: [String: String])] = [
      ([:], [:], ["format": "pt"]),
      (["step": "7"], [:], ["format": "pt", "step": "7"]),
      (["step": "7", "by": "us"], ["step": "8"], ["format": "pt", "step": "8", "by": "us"]),
      (["format": "np"], [:], ["format": "np"]),
      (["format": "", "step": "7"], [:], ["step": "7"]),
    ]
    for (texts, more, written) in cases {
      let options = SaveOptions(format: .safetensors, metadata: texts)
      var writer = try CheckpointWriter(to: path, metadata: more, options: options)
      try writer.add(Self.w, for: "w")
      try writer.finish()
      #expect(try CheckpointReader(path).metadata == written)
    }
    let error = failure { _ = try CheckpointWriter(to: path, metadata: ["format": "pt"]) }
    #expect(
      error?.description
        == "\(path): checkpoints of the format V2 have no texts about themselves (unsupported)")
  }

  @Test(arguments: [SaveOptions.Sharding.perDevice, .maxBytes(64), .by { _ in 0 }])
  func `refuses shardings that need all tensors beforehand`(sharding: SaveOptions.Sharding) {
    let error = failure {
      _ = try CheckpointWriter(to: "m", options: SaveOptions(sharding: sharding))
    }
    #expect(error?.code == .unsupported)
    #expect(error?.message.hasSuffix("or name the number of data files: .count") == true)
  }

  @Test func `refuses several safetensors files, and none`() {
    let several = SaveOptions(format: .safetensors, sharding: .count(2))
    #expect(failure { _ = try CheckpointWriter(to: "m", options: several) }?.code == .unsupported)
    let none = SaveOptions(sharding: .count(0))
    #expect(failure { _ = try CheckpointWriter(to: "m", options: none) }?.code == .invalidArgument)
  }

  // MARK: Who writes which format

  @Test(arguments: [CheckpointFormat.v1, .safetensors])
  func `a checkpoint of objects says what to do for formats without objects`(
    format: CheckpointFormat
  ) throws {
    let options = SaveOptions(format: format)
    let checkpoint = try Checkpoint(["w": Variable<Float>(1)], options: options)
    let error = failure { try checkpoint.write(to: directory.path("m")) }
    #expect(error?.code == .unsupported)
    #expect(error?.message.contains("format \(format.title)") == true)
    let way = format == .v1 ? "CheckpointConversion" : "omitsUnsupported"
    #expect(error?.message.contains(way) == true)
    let managed = failure {
      try CheckpointManager(checkpoint, directory: directory.path, retention: .all).save()
    }
    #expect(managed?.code == .unsupported)
    #expect(directory.names.isEmpty)
  }

  @Test func `a saver says at once what safetensors cannot hold, or leaves it out`() throws {
    let run = Variable<Float>(1)
    let (wide, other) = (Variable(Complex128(1, 2)), Variable(Complex128(3, 4)))
    var options = SaveOptions(format: .safetensors)
    let error = failure {
      try Saver(["w": run, "a": wide, "b": other], options: options).save(to: directory.path("m"))
    }
    #expect(error?.code == .unsupported)
    #expect(error?.problems.map(\.key) == ["a", "b"])
    #expect(error?.message.contains("omitsUnsupported") == true)
    #expect(directory.names.isEmpty)
    options.omitsUnsupported = true
    let saver = try Saver(["w": run, "a": wide], options: options)
    let path = try saver.save(to: directory.path("m"), step: 7)
    #expect(path == directory.path("m-7.safetensors"))
    #expect(saver.lastSave?.warnings.map(\.key) == ["a"])
    #expect(try CheckpointReader(path).entries().map(\.key) == ["w"])
    #expect(try CheckpointDirectory(directory.path).latest() == path)
  }

  @Test(arguments: [CheckpointFormat.safetensors, .modelDirectory])
  func `a sharding that a format does not have is refused before anything is written`(
    format: CheckpointFormat
  ) throws {
    for sharding in [SaveOptions.Sharding.count(2), .perDevice, .maxBytes(0)] {
      let options = SaveOptions(format: format, sharding: sharding)
      let error = failure {
        try Saver(["w": Variable<Float>(1)], options: options).save(to: directory.path("m"))
      }
      #expect(error?.code == .unsupported, "\(sharding)")
    }
    #expect(directory.names.isEmpty)
  }

  @Test func `a manager's options count before those of what it saves`() throws {
    let checkpoint = try Checkpoint(["w": Variable<Float>(1), "v": Variable<Float>(2)])
    let manager = try CheckpointManager(
      checkpoint, directory: directory.path, retention: .all,
      options: SaveOptions(sharding: .count(2), durability: .none))
    let path = try #require(try manager.save()?.path)
    #expect(try CheckpointReader(path).shardCount == 2)
    let other = try CheckpointManager(
      checkpoint, directory: directory.path("other"), retention: .all)
    checkpoint.options.sharding = .count(3)
    #expect(try CheckpointReader(#require(try other.save()?.path)).shardCount == 3)
  }

  // MARK: Formats of one's own

  private struct Collection: TensorReader {
    let path = "memory"
    let tensors: [TensorKey: AnyTensor]

    func forEachEntry(_ body: (TensorEntry) throws(CheckpointError) -> Void)
      throws(CheckpointError)
    {
      for (key, tensor) in tensors.sorted(by: { $0.key < $1.key }) {
        try body(TensorEntry(key: key, spec: tensor.spec, byteCount: 0))
      }
    }

    func tensor(for key: TensorKey, slice: TensorSlice?) throws(CheckpointError) -> AnyTensor {
      guard let tensor = tensors[key] else { throw CheckpointError(.notFound, "no \(key)") }
      guard let slice else { return tensor }
      return try tensor.part(slice)
    }
  }

  @Test func `a reader of three members has the others by default`() throws {
    let reader = Collection(tensors: ["w": AnyTensor(Self.w), "s": AnyTensor(Tensor(["a"]))])
    #expect(try reader.entries().map(\.key) == ["s", "w"])
    #expect(try reader.entry(for: "w")?.spec == TensorSpec(.float32, [2, 3]))
    #expect(try reader.entry(for: "x") == nil)
    let row = TensorSlice(starts: [1, 0], shape: [1, 3])
    let part = try AnyTensor(TensorSpec(.float32, [1, 3])) { bytes throws(CheckpointError) in
      try reader.read("w", slice: row, into: &bytes)
    }
    #expect(try Tensor<Float>(part).array == [4, 5, 6])
    let misfit = failure {
      _ = try AnyTensor(TensorSpec(.float32, [2])) { bytes throws(CheckpointError) in
        try reader.read("w", slice: nil, into: &bytes)
      }
    }
    #expect(misfit?.code == .mismatch)
    let both = try reader.batch(of: [TensorRequest("w"), TensorRequest("s")]).tensors()
    #expect(both.map(\.spec.dtype) == [.float32, .string])
    #expect(try KeyMapping([.drop(.name("s"))]).reader(over: reader).entries().count == 1)
  }

  @Test func `a tensor is made of bytes or strings, and read by spans`() throws {
    let numbers: [Int32] = [1, 2]
    let tensor = unsafe try AnyTensor(TensorSpec(.int32, [2]), bytes: numbers.span.bytes)
    #expect(tensor.bytes?.byteCount == 8 && tensor.strings == nil)
    let words = try AnyTensor(TensorSpec(.string, [1]), strings: [[97]])
    #expect(words.bytes == nil && words.strings == [[97]])
    #expect(failure { _ = try AnyTensor(TensorSpec(.int32, [1]), strings: [[97]]) } != nil)
    #expect(failure { _ = try AnyTensor(TensorSpec(.string, [2]), strings: [[97]]) } != nil)
    #expect(failure { _ = try AnyTensor(TensorSpec(.string, [2])) { _ in } }?.code == .mismatch)
  }
}
