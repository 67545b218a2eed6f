import CheckpointStore
import CheckpointPlans
import CheckpointGraph
import CheckpointBundle
import CheckpointIO
import CheckpointSlices
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Testing

/// In which format, and over how many files, a saver saves.
@Suite struct SaverFormatTests {
  private let directory: TemporaryDirectory
  private let kernel = Variable(Tensor<Float>(shape: [2, 3], scalars: [1, 2, 3, 4, 5, 6]))
  private let bias = Variable<Float>([7, 8, 9])
  private let step = Variable<Int64>(5)

  init() throws { directory = try TemporaryDirectory() }

  private func saver(
    _ format: CheckpointFormat, _ sharding: SaveOptions.Sharding = .none,
    _ change: (inout Saver.Settings, inout SaveOptions) -> Void = { _, _ in }
  ) throws -> Saver {
    var options = SaveOptions()
    var settings = Saver.Settings()
    options.format = format
    options.sharding = sharding
    change(&settings, &options)
    return try Saver(
      ["kernel": kernel, "bias": bias, "step": step], settings: settings, options: options)
  }

  private func clear() {
    kernel.value = Tensor(repeating: 0, shape: [2, 3])
    bias.value = Tensor([0, 0, 0])
    step.scalar = 0
  }

  private func expectRestored(_ saver: Saver, from path: String) throws {
    clear()
    try saver.restore(from: path)
    #expect(kernel.value.array == [1, 2, 3, 4, 5, 6])
    #expect(bias.value.array == [7, 8, 9])
    #expect(step.scalar == 5)
  }

  // MARK: V1

  @Test func `Saver rows 12, 13, 46: writes V1 if told so, and restores either`() throws {
    let old = try saver(.v1)
    let path = try old.save(to: directory.path("m"), step: 1)
    #expect(path == directory.path("m-1"))
    #expect(directory.names == ["checkpoint", "m-1"])
    #expect(try CheckpointReader.format(at: path) == .v1)
    #expect(try CheckpointDirectory(directory.path).latest() == path)
    let new = try saver(.v2)
    let other = try new.save(to: directory.path("m"), step: 2)
    for saver in [old, new] {
      for path in [path, other] { try expectRestored(saver, from: path) }
    }
  }

  @Test func `Saver row 19: returns the pattern of V1 files, which restores them`() throws {
    let saver = try saver(.v1, .count(2)) { settings, _ in settings.retention = .latest(1) }
    let path = try saver.save(to: directory.path("m"), step: 1)
    #expect(path == directory.path("m-1-?????-of-00002"))
    #expect(directory.names == ["checkpoint", "m-1-00000-of-00002", "m-1-00001-of-00002"])
    #expect(try CheckpointDirectory.State.read(from: directory.path)?.latest == path)
    #expect(try CheckpointDirectory(directory.path).latest() == path)
    try expectRestored(saver, from: path)
    try directory.write([1], to: "m-1.meta")
    try saver.save(to: directory.path("m"), step: 2)
    #expect(directory.names == ["checkpoint", "m-2-00000-of-00002", "m-2-00001-of-00002"])
    #expect(saver.lastSave?.deleted == [path])
  }

  @Test func `Saver row 19: numbers the only file of a device, too`() throws {
    let path = try saver(.v1, .perDevice).save(to: directory.path("m"))
    #expect(path == directory.path("m-?????-of-00001"))
    #expect(directory.names == ["checkpoint", "m-00000-of-00001"])
  }

  @Test func `Saver row 52: names all variables that V1 cannot hold, and writes nothing`() throws {
    var variables: [String: any TensorVariable] = [:]
    for dtype in DType.allCases where dtype.byteWidth != nil {
      let bytes = [UInt8](repeating: 0, count: dtype.byteWidth ?? 0)
      let zero = unsafe try AnyTensor(TensorSpec(dtype, .scalar), bytes: bytes.span.bytes)
      variables[dtype.name] = TensorBox(zero)
    }
    var options = SaveOptions()
    options.format = .v1
    let saver = try Saver(variables, options: options)
    let error = #expect(throws: CheckpointError.self) { try saver.save(to: directory.path("m")) }
    #expect(error?.code == .unsupported)
    #expect(
      error?.problems.map(\.key) == [
        "bfloat16", "float4_e2m1fn", "float8_e4m3b11fnuz", "float8_e4m3fn", "float8_e4m3fnuz",
        "float8_e5m2", "float8_e5m2fnuz", "int2", "int4", "qint16", "quint16", "uint2", "uint32",
        "uint4", "uint64",
      ])
    #expect(
      error?.description.hasPrefix(
        """
        \(directory.path("m")): 15 variables cannot be saved in the format V1; nothing has been \
        written (unsupported)
          - key 'bfloat16': V1 checkpoints cannot hold values of bfloat16; save as V2 (unsupported)
        """) == true)
    #expect(directory.names.isEmpty)
  }

  @Test func `names variables of more dimensions than TensorFlow reads from V1 as well`()
    throws
  {
    let deep = Variable<Float>(repeating: 1, shape: [1, 1, 1, 1, 1, 1, 1, 1, 1])
    let half = Variable<BFloat16>(repeating: BFloat16(1), shape: [1])
    var options = SaveOptions()
    options.format = .v1
    let saver = try Saver(["deep": deep, "half": half, "bias": bias], options: options)
    let error = #expect(throws: CheckpointError.self) { try saver.save(to: directory.path("m")) }
    #expect(
      error?.problems.map(\.description) == [
        "key 'deep': TensorFlow reads at most 8 dimensions from V1 checkpoints, these are 9; save as V2 "
          + "(unsupported)",
        "key 'half': V1 checkpoints cannot hold values of bfloat16; save as V2 (unsupported)",
      ])
    #expect(directory.names.isEmpty)
  }

  @Test func `writes no V1 file beside an index, which would be read instead`() throws {
    let path = try saver(.v2).save(to: directory.path("m"))
    let before = directory.names
    kernel.value[0, 0] = 100
    let error = #expect(throws: CheckpointError.self) { try saver(.v1).save(to: path) }
    #expect(
      error?.description
        == "\(path): there is a V2 checkpoint of this name, '\(path).index', which every reader "
        + "would take instead; remove it first, or save elsewhere (pathConflict)")
    #expect(directory.names == before)
    kernel.value[0, 0] = 1
    try expectRestored(saver(.v2), from: path)
  }

  @Test func `does not overwrite several V1 files, but one`() throws {
    for sharding in [SaveOptions.Sharding.none, .count(3)] {
      let saver = try saver(.v1, sharding)
      let path = try saver.save(to: directory.path("m"))
      let error = problem { () throws(CheckpointError) in try saver.save(to: directory.path("m")) }
      #expect(error?.code == (sharding == .none ? nil : .unsupported))
      try expectRestored(saver, from: path)
    }
  }

  @Test func `Saver row 69: refuses a state file that a V1 file would overwrite`() throws {
    for (sharding, name) in [(SaveOptions.Sharding.none, "m"), (.count(2), "m-00001-of-00002")] {
      let saver = try saver(.v1, sharding) { settings, _ in settings.stateFilename = name }
      let error = problem { () throws(CheckpointError) in try saver.save(to: directory.path("m")) }
      #expect(error?.code == .pathConflict)
      #expect(directory.names.isEmpty)
    }
  }

  // MARK: Data files

  @Test func `Saver rows 16, 37: spreads tensors over as many files as told`() throws {
    let saver = try saver(.v2, .count(3))
    let path = try saver.save(to: directory.path("m"))
    let files = (0..<3).map { "m.data-0000\($0)-of-00003" }
    #expect(directory.names == ["checkpoint"] + files + ["m.index"])
    let reader = try BundleReader(prefix: path)
    #expect(try reader.entries().map(\.shard) == [0, 1, 2])
    try expectRestored(saver, from: path)
    // Not more files than tensors.
    try self.saver(.v2, .count(99_999)).save(to: directory.path("n"))
    #expect(directory.names.count { $0.hasPrefix("n.data") } == 3)
  }

  @Test func `Saver row 16: refuses numbers of files that make no sense`() throws {
    let cases: [(SaveOptions.Sharding, CheckpointError.Code)] = [
      (.count(0), .invalidArgument), (.count(-1), .invalidArgument),
      (.count(100_000), .limitExceeded), (.count(.max), .limitExceeded),
      (.maxBytes(0), .invalidArgument), (.maxBytes(3), .invalidArgument),
      (.maxBytes(.min), .invalidArgument),
    ]
    for (sharding, code) in cases {
      let saver = try saver(.v2, sharding)
      let error = problem { () throws(CheckpointError) in try saver.save(to: directory.path("m")) }
      #expect(error?.code == code, "\(sharding)")
    }
    #expect(directory.names.isEmpty)
  }

  @Test func `Saver row 23: gives each device a file, those without a label the first`() throws {
    kernel.device = "gpu:1"
    step.device = "gpu:0"
    let saver = try saver(.v2, .perDevice)
    let reader = try BundleReader(prefix: try saver.save(to: directory.path("m")))
    let shards = Dictionary(
      uniqueKeysWithValues: try reader.entries().map { ($0.key.description, $0.shard) })
    #expect(shards == ["bias": 0, "step": 1, "kernel": 2])
  }

  // A prefix that is saved again with other numbers of files.
  @Test func `leaves no data file of another number behind`() throws {
    for count in [3, 1, 2, 3, 3] {
      let saver = try saver(.v2, .count(count))
      let path = try saver.save(to: directory.path("m"))
      #expect(directory.names.count { $0.contains(".data-") } == count)
      try expectRestored(saver, from: path)
    }
  }

  // MARK: Sizes

  @Test(arguments: [16, 17, 60, 400, 4000, 40_000])
  func `makes no data file larger than told, and puts everything together again`(limit: Int) throws
  {
    var options = SaveOptions()
    options.sharding = .maxBytes(limit)
    let tensors = [
      Tensor<Float>(shape: [10, 30], scalars: (0..<300).map(Float.init)),
      Tensor<Float>(shape: [2, 3, 50], scalars: (0..<300).map { Float($0) * 0.5 }),
      Tensor<Float>(repeating: 4, shape: []), Tensor<Float>(repeating: 4, shape: [0, 5]),
    ]
    let variables = tensors.enumerated().map { Variable($1, name: "w\($0)") }
    let saver = try Saver(variables, options: options)
    let path = try saver.save(to: directory.path("m"))
    let files = try #require(saver.lastSave).files
    for file in files.dropLast() {
      let size = try LocalFileSystem().status(of: file)?.byteCount
      #expect(size.map { $0 <= limit } == true, "\(file)")
    }
    #expect(files.count - 1 >= 2404 / limit)
    for variable in variables { variable.value = Tensor(repeating: 0, shape: variable.shape) }
    try saver.restore(from: path)
    #expect(variables.map(\.value.array) == tensors.map(\.array))
  }

  @Test func `says so where a tensor cannot be cut`() throws {
    let half = Variable<Float16>(repeating: 1, shape: [100])
    var options = SaveOptions()
    options.sharding = .maxBytes(100)
    let words = Variable(["a", String(repeating: "b", count: 200)])
    let saver = try Saver(["half": half, "text": words, "x": step], options: options)
    let path = try saver.save(to: directory.path("m"))
    #expect(
      saver.lastSave?.warnings.map(\.description) == [
        "key 'half': float16[100] takes 200 bytes, more than the 100 of a data file, and cannot be "
          + "stored in slices that TensorFlow joins; it has a data file of its own (limitExceeded)",
        "key 'text': string[2] takes 208 bytes, more than the 100 of a data file, and cannot be "
          + "stored in slices that TensorFlow joins; it has a data file of its own (limitExceeded)",
      ])
    let entries = try BundleReader(prefix: path).entries()
    #expect(entries.map(\.shard) == [1, 2, 0] && entries.allSatisfy(\.slices.isEmpty))
    half.value = Tensor(repeating: 0, shape: [100])
    try saver.restore(from: path)
    #expect(half.value.array == Array(repeating: 1, count: 100))
  }

  @Test func `refuses sizes for which there would be too many files`() throws {
    var options = SaveOptions()
    options.sharding = .maxBytes(16)
    let large = Variable<UInt8>(repeating: 1, shape: [1 << 21])
    let error = #expect(throws: CheckpointError.self) {
      try Saver(["w": large], options: options).save(to: directory.path("m"))
    }
    #expect(error?.code == .limitExceeded)
    #expect(directory.names.isEmpty)
  }

  // MARK: Results

  @Test(arguments: [.v2, .v1] as [CheckpointFormat], [.none, .count(2)] as [SaveOptions.Sharding])
  func `Saver row 73: returns what restore takes, and has the details`(
    format: CheckpointFormat, sharding: SaveOptions.Sharding
  ) throws {
    let saver = try saver(format, sharding)
    #expect(saver.lastSave == nil)
    let path = try saver.save(to: directory.path("m"), step: 3)
    let save = try #require(saver.lastSave)
    #expect(save.path == path)
    #expect(
      Set(save.files) == Set(directory.names.filter { $0 != "checkpoint" }.map(directory.path)))
    let sizes = try save.files.map { try LocalFileSystem().status(of: $0)?.byteCount ?? 0 }
    #expect(save.byteCount == sizes.reduce(0, +) && save.byteCount > 44)
    #expect(save.duration > .zero)
    #expect(save.deleted.isEmpty && save.warnings.isEmpty)
    #expect(save.description.hasPrefix("\(path): 0.0 MB in \(save.files.count) file"))
    try expectRestored(saver, from: path)
  }

  @Test func `Saver rows 45, 76: saves and restores nothing without variables, if allowed`() throws
  {
    var settings = Saver.Settings()
    settings.allowsEmpty = true
    let none: [any TensorVariable] = []
    for saver in [try Saver([:], settings: settings), try Saver(none, settings: settings)] {
      #expect(try saver.save(to: directory.path("m"), step: 1) == directory.path("m-1"))
      #expect(saver.lastSave == nil && saver.checkpoints.isEmpty)
      #expect(directory.names.isEmpty)
      let report = try saver.restore(from: directory.path("nothing"))
      #expect(report.restored.isEmpty && report.isComplete)
      #expect(try report.unused().isEmpty)
    }
  }

  private func problem(_ body: () throws(CheckpointError) -> Void) -> CheckpointError? {
    do throws(CheckpointError) {
      try body()
      return nil
    } catch {
      return error
    }
  }
}
