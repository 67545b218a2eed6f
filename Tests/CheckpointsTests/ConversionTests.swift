import CheckpointStore
import CheckpointSafetensors
import CheckpointMapping
import CheckpointBundle
import CheckpointIO
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Testing

/// Proves what a conversion plans, refuses and writes.
@Suite struct ConversionTests {
  typealias Format = CheckpointFormat
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory("conversion") }

  private func source(_ add: (inout BundleWriter) throws -> Void) throws -> String {
    let prefix = directory.path("source")
    var writer = try BundleWriter(prefix: prefix)
    try add(&writer)
    try writer.finish()
    return prefix
  }

  @discardableResult
  private func convert(
    _ source: String, to name: String, _ format: Format? = nil,
    _ change: (inout CheckpointConversion.Options) -> Void = { _ in }
  ) throws -> (reader: CheckpointReader, notes: [String]) {
    var options = CheckpointConversion.Options()
    options.format = format
    change(&options)
    let conversion = try CheckpointConversion(
      from: source, to: directory.path(name), options: options)
    try conversion.run()
    return (try CheckpointReader(directory.path(name)), conversion.notes)
  }

  private func failure(
    _ source: String, to name: String, _ format: Format? = nil,
    _ change: (inout CheckpointConversion.Options) -> Void = { _ in }
  ) -> CheckpointError? {
    #expect(throws: CheckpointError.self) { try convert(source, to: name, format, change) }
  }

  // MARK: Contents

  @Test(arguments: Format.allCases, Format.allCases)
  func `keeps names, types, shapes and values`(first: Format, second: Format) throws {
    var random = SeededGenerator(seed: 5)
    let floats = (0..<1000).map { _ in Float.random(in: -9...9, using: &random) }
    let source = try source {
      try $0.add(Tensor<Float>(shape: [10, 100], scalars: floats), for: "w")
      try $0.add(Tensor<Int64>(-7), for: "a/é/e\u{301}")
      try $0.add(Tensor<Double>(shape: [0, 3], scalars: []), for: "empty")
      try $0.add(Tensor<Bool>([true, false]), for: "b")
    }
    let (one, _) = try convert(source, to: "one", first)
    let (two, notes) = try convert(one.path, to: "two", second)
    #expect(one.format == first)
    #expect(two.format == second)
    let loss = "the metadata is left out, \(second.title) checkpoints have none: format = pt"
    let haveTexts: [Format] = [.safetensors, .modelDirectory]
    #expect(notes == (haveTexts.contains(first) && !haveTexts.contains(second) ? [loss] : []))
    let comparison = try CheckpointReader.Comparison(CheckpointReader(source), two)
    #expect(comparison.isEqual, "\(comparison.differences)")
    #expect(comparison.equalCount == 4)
  }

  @Test(arguments: [
    ("m", Format.v2), ("m.ckpt", .v2), ("m.safetensors", .safetensors),
  ])
  func `finds the format from the destination's ending`(name: String, format: Format) throws {
    let source = try source { try $0.add(Tensor<Float>([1]), for: "w") }
    #expect(try convert(source, to: name).reader.format == format)
  }

  @Test func `counts what it copies`() throws {
    let source = try source {
      try $0.add(Tensor<Float>(repeating: 1, shape: [300_000]), for: "large")
      try $0.add(Tensor<[UInt8]>([[1, 2, 3], []]), for: "strings")
    }
    for format in [Format.v2, .v1] {
      let conversion = try CheckpointConversion(
        from: source, to: directory.path("\(format)"),
        options: {
          var options = CheckpointConversion.Options()
          options.format = format
          return options
        }())
      #expect(conversion.tensorCount == 2)
      var last: UInt64 = 0
      try conversion.run { copied, total in
        #expect(copied >= last && copied <= total && total == conversion.byteCount)
        last = copied
      }
      #expect(last >= 1_200_000)
    }
  }

  // MARK: What a target cannot hold

  @Test func `one error lists all that safetensors cannot hold, and nothing is written`() throws {
    let source = try source {
      try $0.add(Tensor<Float>([1]), for: "fine")
      try $0.add(Tensor<String>(["text"]), for: "text")
      try $0.add(Tensor<Complex128>([ComplexScalar(1, 2)]), for: "wide")
      try $0.add(Tensor<Float>([1]), for: TensorKey(bytes: [0x61, 0xFF]))
      try $0.add(Tensor<Float>([1]), for: "__metadata__")
    }
    let error = failure(source, to: "m.safetensors")
    #expect(
      error?.description == """
        \(directory.path("m.safetensors")): 4 tensors cannot be converted to safetensors; leave them \
        out, or choose another format (several)
          - key '__metadata__': no tensor in a safetensors file has this name (invalidArgument)
          - key 'a\\xff': names in safetensors files are UTF-8; this one is not (unsupported)
          - key 'text': safetensors files do not have tensors of string, V2 checkpoints do \
        (unsupported)
          - key 'wide': safetensors files do not have tensors of complex128, V2 checkpoints do \
        (unsupported)
        """)
    #expect(directory.names == ["source.data-00000-of-00001", "source.index"])
  }

  @Test func `one error lists all that V1 cannot hold, and nothing is written`() throws {
    let source = try source {
      try $0.add(Tensor<Float>(repeating: 1, shape: [1, 1, 1, 1, 1, 1, 1, 1, 1]), for: "deep")
      try $0.add(Tensor<BFloat16>([BFloat16(1)]), for: "half")
      try $0.add(Tensor<UInt64>([1]), for: "large")
      try $0.add(Tensor<Float>([1]), for: TensorKey(bytes: [0xFF]))
      try $0.add(Tensor<String>(["text"]), for: "text")
    }
    let error = failure(source, to: "m", .v1)
    #expect(error?.problems.map(\.key) == ["deep", "half", "large", "\\xff"])
    #expect(error?.message.hasPrefix("4 tensors cannot be converted to V1; ") == true)
    #expect(directory.names == ["source.data-00000-of-00001", "source.index"])
  }

  @Test func `what cannot be held may be left out`() throws {
    let source = try source {
      try $0.add(Tensor<Float>([1]), for: "fine")
      try $0.add(Tensor<String>(["text"]), for: "text")
    }
    let (reader, notes) = try convert(source, to: "m.safetensors") { $0.omitsUnsupported = true }
    #expect(try reader.entries().map(\.key) == ["fine"])
    #expect(
      notes == [
        "'text' is left out: safetensors files do not have tensors of string, V2 checkpoints do"
      ])
  }

  @Test func `element types that are not read here are not lost silently`() throws {
    let header = #"{"a":{"dtype":"F8_E8M0","shape":[2],"data_offsets":[0,2]}}"#
    let length = (0..<8).map { UInt8(truncatingIfNeeded: header.utf8.count >> (8 * $0)) }
    try directory.write(length + Array(header.utf8) + [1, 2], to: "odd.safetensors")
    let error = failure(directory.path("odd.safetensors"), to: "m")
    #expect(error?.key == "a")
    #expect(error?.message == "its elements are of the type F8_E8M0, which is not read here")
    #expect(error?.file == directory.path("odd.safetensors"))
  }

  @Test(arguments: [Format.v2, .v1])
  func `a checkpoint without a tensor is none`(format: Format) throws {
    let header = "{}      "
    try directory.write([8, 0, 0, 0, 0, 0, 0, 0] + Array(header.utf8), to: "none.safetensors")
    let error = failure(directory.path("none.safetensors"), to: "m", format)
    #expect(error?.code == .unsupported)
    let empty = try convert(directory.path("none.safetensors"), to: "again.safetensors")
    #expect(try empty.reader.entries().isEmpty)
  }

  // MARK: Destinations

  @Test(arguments: Format.allCases)
  func `what stands there is replaced only if asked for`(format: Format) throws {
    let source = try source { try $0.add(Tensor<Float>([1]), for: "w") }
    let path = try convert(source, to: "m", format).reader.path
    let error = failure(source, to: "m", format)
    #expect(error?.code == .pathConflict)
    #expect(error?.file.map { path.hasPrefix($0) } == true)
    try convert(source, to: "m", format) {
      $0.overwrites = true
      $0.names = ["w": "v"]
    }
    #expect(try CheckpointReader(path).entries().map(\.key) == ["v"])
  }

  @Test(arguments: Format.allCases)
  func `a checkpoint is converted onto itself`(format: Format) throws {
    let source = try source { try $0.add(Tensor<Float>([1, 2]), for: "w") }
    let path = try convert(source, to: "m", format).reader.path
    let (reader, _) = try convert(path, to: "m", format) {
      $0.overwrites = true
      $0.names = ["w": "v"]
    }
    #expect(try Tensor<Float>(reader.tensor(for: "v")).array == [1, 2])
  }

  @Test func `what could not be opened afterwards is refused`() throws {
    let source = try source { try $0.add(Tensor<Float>([1]), for: "w") }
    #expect(
      failure(source, to: "source", .v1)?.message.hasPrefix("there is an 'source.index'") == true)
    #expect(failure(source, to: "m-?????-of-00002", .v1)?.code == .invalidArgument)
    #expect(failure(source, to: "m.safetensors", .modelDirectory)?.code == .invalidArgument)
    #expect(failure(source, to: "m.index")?.code == .invalidArgument)
    #expect(failure(source, to: "m.data-00000-of-00001")?.code == .invalidArgument)
    #expect(failure(source, to: "", .v1)?.message.hasPrefix("this is a directory; name") == true)
    #expect(failure(source, to: "")?.message.hasPrefix("this is a directory; name") == true)
    let nowhere = #expect(throws: CheckpointError.self) {
      try CheckpointConversion(from: source, to: "").run()
    }
    #expect(nowhere?.message == "the path is empty")
  }

  @Test(arguments: ["part.safetensors", "big.safetensors"])
  func `a file that would be taken for one of a model is not written beside it`(name: String)
    throws
  {
    let source = try source { try $0.add(Tensor<Float>([1]), for: "w") }
    try LocalFileSystem().createDirectory(directory.path("model"))
    let index = #"{"metadata": {}, "weight_map": {"w": "part.safetensors"}}"#
    try directory.write(Array(index.utf8), to: "model/big.safetensors.index.json")
    let error = failure(source, to: "model/\(name)")
    #expect(error?.code == .pathConflict)
    #expect(
      error?.message.hasPrefix(
        "beside it is a model in several files, 'big.safetensors.index.json', which") == true)
    #expect(try LocalFileSystem().status(of: directory.path("model/\(name)")) == nil)
  }

  // MARK: Slices

  private func sliced() throws -> String {
    try source {
      try $0.add(Tensor<Float>([1, 2]), for: "w", part: TensorSlice.Part("5 0,2"))
      try $0.add(Tensor<Float>([3, 4, 5]), for: "w", part: TensorSlice.Part("5 2,3"))
      try $0.add(Tensor<Int32>([1]), for: "part", part: TensorSlice.Part("3 0,1"))
    }
  }

  @Test(arguments: [Format.v2, .v1])
  func `slices stay slices, also those of a tensor that is not complete`(format: Format) throws {
    let (reader, notes) = try convert(sliced(), to: "m", format)
    #expect(try reader.entry(for: "w")?.slices.map(\.description) == ["0,2", "2,3"])
    #expect(try Tensor<Float>(reader.tensor(for: "w")).array == [1, 2, 3, 4, 5])
    #expect(try reader.entry(for: "part")?.slices.map(\.description) == ["0,1"])
    #expect(notes == [])
  }

  @Test func `a tensor that is not complete cannot be put together`() throws {
    let error = failure(try sliced(), to: "m.safetensors")
    #expect(error?.code == .notFound)
    #expect(error?.key == "part")
    #expect(error?.message == "only 1 of its 3 elements were saved; it cannot be put together")
  }

  @Test func `slices are put together on request`() throws {
    let source = try source {
      try $0.add(Tensor<Float>([3, 4, 5]), for: "w", part: TensorSlice.Part("5 2,3"))
      try $0.add(Tensor<Float>([1, 2]), for: "w", part: TensorSlice.Part("5 0,2"))
    }
    let (reader, notes) = try convert(source, to: "m") { $0.joinsSlices = true }
    #expect(try reader.entry(for: "w")?.slices == [])
    #expect(try Tensor<Float>(reader.tensor(for: "w")).array == [1, 2, 3, 4, 5])
    #expect(notes == ["1 tensor in slices put together"])
  }

  @Test func `slices that TensorFlow does not put together are noted`() throws {
    let source = try source {
      try $0.add(Tensor<UInt16>([1]), for: "w", part: TensorSlice.Part("2 0,1"))
      try $0.add(Tensor<UInt16>([2]), for: "w", part: TensorSlice.Part("2 1,1"))
    }
    let notes = try convert(source, to: "m").notes
    #expect(notes == ["'w' stays in slices, which TensorFlow does not put together for uint16"])
  }

  @Test func `slices of more dimensions than TensorFlow puts together are noted`() throws {
    let source = try source {
      for row in 0..<2 {
        let part = try TensorSlice.Part("2 1 1 1 1 1 1 1 1 \(row),1:-:-:-:-:-:-:-:-")
        let values = Tensor<Float>(repeating: 1, shape: [1, 1, 1, 1, 1, 1, 1, 1, 1])
        try $0.add(values, for: "w", part: part)
      }
    }
    let notes = try convert(source, to: "m").notes
    #expect(
      notes == ["'w' stays in slices, which TensorFlow does not put together for 9 dimensions"])
  }

  // MARK: Names

  @Test func `names are any bytes, and may be exchanged`() throws {
    let odd = TensorKey(bytes: [0xFF])
    let source = try source {
      try $0.add(Tensor<Float>([1]), for: "a")
      try $0.add(Tensor<Float>([2]), for: "b")
      try $0.add(Tensor<Float>([3]), for: odd)
    }
    let (reader, _) = try convert(source, to: "m.safetensors") {
      $0.names = ["a": "b", "b": "a", odd: "c"]
    }
    let values = try ["a", "b", "c"].map { try Tensor<Float>(reader.tensor(for: $0)).array }
    #expect(values == [[2], [1], [3]])
  }

  @Test func `names that are missing or taken are one error`() throws {
    let source = try source {
      try $0.add(Tensor<Float>([1]), for: "kernel")
      try $0.add(Tensor<Float>([2]), for: "bias")
    }
    let missing = failure(source, to: "m") { $0.names = ["kernal": "k", "bies": "b"] }
    #expect(missing?.problems.map(\.key) == ["bies", "kernal"])
    #expect(missing?.problems.last?.message.contains("'kernel'") == true)
    let taken = failure(source, to: "m") { $0.names = ["kernel": "bias"] }
    #expect(taken?.code == .duplicateName)
    #expect(taken?.message.hasPrefix("'bias' and 'kernel' would both be called 'bias'; ") == true)
  }

  @Test func `a mapping changes names and values on the way`() throws {
    let source = try source {
      try $0.add(Tensor<Float>(shape: [2, 3], scalars: [1, 2, 3, 4, 5, 6]), for: "old/w")
      try $0.add(Tensor<Float>([7]), for: "old/b")
      try $0.add(Tensor<Float>([8]), for: "old/Adam")
    }
    let (reader, _) = try convert(source, to: "m.safetensors") {
      $0.mapping = [
        .prefix("old/", to: "new/"), .transform(.name("new/w"), .transpose([1, 0])),
        .drop(.suffix("Adam")),
      ]
    }
    #expect(try reader.entries().map(\.key) == ["new/b", "new/w"])
    let kernel = try Tensor<Float>(reader.tensor(for: "new/w"))
    #expect(kernel.shape == [3, 2])
    #expect(kernel.array == [1, 4, 2, 5, 3, 6])
  }

  @Test func `a tensor keeps a name where the format needs one`() throws {
    let source = try source { try $0.add(Tensor<Float>([1]), for: "w") }
    for format in [Format.v2, .v1] {
      let error = failure(source, to: "m", format) { $0.names = ["w": ""] }
      #expect(error?.code == .invalidArgument, "\(format)")
      #expect(error?.message == "'w' would have no name, and a tensor needs one", "\(format)")
    }
    let (reader, _) = try convert(source, to: "m", .safetensors) { $0.names = ["w": ""] }
    #expect(try reader.entries().map(\.key) == [""])
  }

  // MARK: Several sources

  @Test func `nothing is no source of an average`() {
    let error = #expect(throws: CheckpointError.self) {
      try CheckpointConversion(
        averaging: [], decay: 1, to: directory.path("m"), options: CheckpointConversion.Options()
      ) { _ in }
    }
    #expect(error?.code == .invalidArgument)
    #expect(error?.message == "there is no checkpoint to be averaged")
  }

  @Test func `tensors of several checkpoints become one`() throws {
    let source = try source { try $0.add(Tensor<Float>([1]), for: "a") }
    var other = try SafetensorsWriter(directory.path("b.safetensors"))
    try other.add(Tensor<Float>([2]), for: "b")
    try other.finish()
    let conversion = try CheckpointConversion(
      merging: [source, directory.path("b.safetensors")], to: directory.path("m"))
    try conversion.run()
    let reader = try CheckpointReader(directory.path("m"))
    #expect(try reader.entries().map(\.key) == ["a", "b"])
    let error = #expect(throws: CheckpointError.self) {
      try CheckpointConversion(merging: [source, source], to: directory.path("n"))
    }
    #expect(
      error?.message
        == "'a' of '\(source)' and 'a' of '\(source)' would both be called 'a'; give one "
        + "of them another name first: rename it, or convert it with a KeyMapping ('checkpoint rename', "
        + "'checkpoint convert --map')")
  }

  @Test func `a collision names both files, and the ways out`() throws {
    let source = try source {
      for name in ["a", "b", "c"] as [TensorKey] { try $0.add(Tensor<Float>([1]), for: name) }
    }
    let path = directory.path("other.safetensors")
    var other = try SafetensorsWriter(path)
    for name in ["a", "c"] as [TensorKey] { try other.add(Tensor<Float>([2]), for: name) }
    try other.finish()
    let error = #expect(throws: CheckpointError.self) {
      try CheckpointConversion(merging: [source, path], to: directory.path("n"))
    }
    #expect(
      error?.problems.map(\.message)
        == ["a", "c"].map {
          "'\($0)' of '\(source)' and '\($0)' of '\(path)' would both be called '\($0)'"
        })
    #expect(error?.message.contains("'checkpoint convert --map'") == true)
  }

  @Test func `slices of one tensor in several checkpoints are said to be that`() throws {
    func save(_ name: String, _ place: String) throws -> String {
      var writer = try BundleWriter(prefix: directory.path(name))
      try writer.add(Tensor<Float>([1, 2]), for: "w", part: TensorSlice.Part("4 \(place)"))
      try writer.finish()
      return directory.path(name)
    }
    func message(_ one: String, _ other: String) -> String? {
      let error = #expect(throws: CheckpointError.self) {
        try CheckpointConversion(merging: [one, other], to: directory.path("n"))
      }
      return error?.message
    }
    let (a, b, c) = (try save("a", "0,2"), try save("b", "2,2"), try save("c", "1,2"))
    #expect(
      message(a, b)
        == "'w' of '\(a)' and 'w' of '\(b)' are slices of one tensor; 'checkpoint merge --move', or "
        + "CheckpointConversion.merge(_:into:), joins them in V2 checkpoints, which become the new one"
    )
    // They overlap, and nothing can join them.
    #expect(message(a, c)?.contains("would both be called 'w'; give one of them another") == true)
    try CheckpointConversion.merge([a, b], into: directory.path("n"))
    let joined = try CheckpointReader(directory.path("n")).tensor(for: "w")
    #expect(try Tensor<Float>(joined).array == [1, 2, 1, 2])
  }
}
