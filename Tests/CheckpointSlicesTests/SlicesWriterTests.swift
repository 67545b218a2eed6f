import CheckpointIO
import CheckpointSlices
import CheckpointTensors
import CheckpointTestSupport
import Testing

@Suite struct SlicesWriterTests {
  let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func writer(_ name: String = "v1") throws -> SlicesWriter {
    try SlicesWriter(path: directory.path(name))
  }

  @Test func `keeps the values as they were when they were added`() throws {
    var writer = try writer()
    var tensor = Tensor<Float>([1, 2])
    try writer.add(tensor, for: "w")
    tensor = Tensor<Float>([3, 4])
    try writer.add(tensor, for: "v")
    try writer.finish()
    let reader = try SlicesReader(path: directory.path("v1"))
    #expect(try Tensor<Float>(reader.tensor(for: "w")).array == [1, 2])
    #expect(try Tensor<Float>(reader.tensor(for: "v")).array == [3, 4])
  }

  @Test func `leaves nothing behind if it is let go`() throws {
    do {
      var writer = try writer()
      try writer.add(Tensor<Float>([1, 2]), for: "w")
    }
    #expect(directory.names == [])
  }

  @Test func `is alone at its path`() throws {
    let first = try writer()
    let found = problem { _ = try self.writer() }
    #expect(
      found == "somebody else is saving here at this moment; save later or to another prefix (busy)"
    )
    withExtendedLifetime(first) {}
  }

  @Test(arguments: [DType.bfloat16, .uint32, .uint64, .qint16, .quint16, .float8E4M3FN, .int4])
  func `refuses dtypes that V1 cannot hold`(dtype: DType) throws {
    var writer = try writer()
    let tensor = try AnyTensor(
      TensorSpec(dtype, [0]), .bytes(TensorStorage(uninitializedByteCount: 0)))
    #expect(
      problem { try writer.add(tensor, for: "w") }
        == "w: V1 checkpoints cannot hold values of \(dtype.name); save as V2 (unsupported)")
  }

  @Test func `refuses more dimensions than TensorFlow reads`() throws {
    var writer = try writer()
    let shapes = [8, 9].map { TensorShape(Array(repeating: 1, count: $0)) }
    try writer.add(Tensor<Float>(repeating: 1, shape: shapes[0]), for: "v")
    #expect(
      problem { try writer.add(Tensor<Float>(repeating: 1, shape: shapes[1]), for: "w") }
        == "w: TensorFlow reads at most 8 dimensions from V1 checkpoints, these are 9; save as V2 "
        + "(unsupported)")
  }

  @Test func `refuses names that TensorFlow could not read again`() throws {
    var writer = try writer()
    let tensor = Tensor<Float>([1])
    #expect(
      problem { try writer.add(tensor, for: TensorKey(bytes: [0x77, 0xFF])) }
        == "w\\xff: TensorFlow reads no V1 checkpoint with a name that is not UTF-8; save as V2 "
        + "(unsupported)")
    #expect(
      problem { try writer.add(tensor, for: "") } == ": a tensor needs a name (invalidArgument)")
  }

  @Test func `refuses what is no tensor, or one twice`() throws {
    var writer = try writer()
    let half = Tensor<Float>([1, 2])
    try writer.add(half, for: "w", part: TensorSlice.Part("4 0,2"))
    #expect(
      problem { try writer.add(half, for: "w") }
        == "w: this key, or this part of it, was added already (duplicateName)")
    #expect(
      problem { try writer.add(half, for: "w", part: TensorSlice.Part("5 2,2")) }
        == "w: this part is of a tensor float32[5], those before are of float32[4] (mismatch)")
    #expect(
      problem { try writer.add(half, for: "v", part: TensorSlice.Part("4 0,3")) }
        == "v: slice 0,3 of [4] has the shape [3], the values have [2] (mismatch)")
  }

  @Test func `finds parts that overlap when it finishes`() throws {
    do {
      var writer = try writer()
      try writer.add(Tensor<Float>([1, 2]), for: "w", part: TensorSlice.Part("4 0,2"))
      // A part that disagrees with what is there already is refused at once; this one does not.
      try writer.add(Tensor<Float>([1, 2]), for: "w", part: TensorSlice.Part("4 1,2"))
      #expect(problem { try writer.finish() } == "w: the slices 0,2 and 1,2 overlap (mismatch)")
    }
    #expect(directory.names == [])
  }

  @Test func `refuses a record of 2 GiB before it is copied`() throws {
    var writer = try writer()
    // 2^31 - 1024 bytes and the name: one element too many.
    let large = Unmaterialized(spec: TensorSpec(.float32, [(1 << 29) - 256]))
    #expect(
      problem { try writer.add(large, for: "w") }
        == "w: 536870656 elements may take more than the 2 GiB of a V1 record; save them in parts, "
        + "or as V2 (limitExceeded)")
    let wide = Unmaterialized(spec: TensorSpec(.int8, [214_748_300]))
    #expect(problem { try writer.add(wide, for: "w") }?.contains("limitExceeded") == true)
  }

  /// A tensor whose values nobody asks for.
  struct Unmaterialized: TensorStorable {
    let spec: TensorSpec
    var tensorSpec: TensorSpec { spec }
    func withTensorBytes<Result>(_ body: (RawSpan) throws(CheckpointError) -> Result)
      throws(CheckpointError) -> Result
    {
      throw CheckpointError(.io, "the values were asked for")
    }
    mutating func setTensor(_ tensor: AnyTensor) throws(CheckpointError) {}
  }

  @Test func `refuses an empty checkpoint`() throws {
    var writer = try writer()
    #expect(
      problem { try writer.finish() } == "a checkpoint holds one tensor at least (invalidArgument)")
  }

  // MARK: Shards

  private func writeShards(_ values: [Float], fileSystem: any FileSystem = LocalFileSystem()) throws
  {
    var options = FileOptions()
    options.fileSystem = fileSystem
    var writer = try SlicesWriter(prefix: directory.path("m"), shardCount: 2, options: options)
    try writer.add(Tensor([values[0]]), for: "a", part: nil, shard: 1)
    try writer.add(Tensor([values[1]]), for: "w", part: TensorSlice.Part("2 0,1"), shard: 0)
    try writer.add(Tensor([values[2]]), for: "w", part: TensorSlice.Part("2 1,1"), shard: 1)
    try writer.finish()
  }

  @Test func `writes shards, each complete in itself`() throws {
    try writeShards([1, 2, 3])
    #expect(directory.names == ["m-00000-of-00002", "m-00001-of-00002"])
    let reader = try SlicesReader(path: directory.path("m-?????-of-00002"))
    #expect(reader.shardCount == 2)
    #expect(reader.entry(for: "a")?.shard == 1)
    #expect(try Tensor<Float>(reader.tensor(for: "w")).array == [2, 3])
    let shard = try SlicesReader(path: directory.path("m-00001-of-00002"))
    #expect(try shard.entries().map(\.key) == ["a", "w"])
    #expect(
      try Tensor<Float>(shard.tensor(for: "w", slice: TensorSlice([.range(start: 1, length: 1)])))
        .array == [3])
    let found = problem { _ = try shard.tensor(for: "w") }
    let pattern = directory.path("m-?????-of-00002")
    #expect(
      found
        == "w: only 1 of the 2 elements asked for are stored, in 1 slices; the others may be in "
        + "other shards, open '\(pattern)' (notFound)")
  }

  @Test func `never replaces a complete checkpoint of several files`() throws {
    try writeShards([1, 2, 3])
    #expect(
      problem { try writeShards([4, 5, 6]) }
        == "there is a sharded V1 checkpoint already, and several files cannot be replaced in one "
        + "step; remove it first, or save elsewhere (unsupported)")
    #expect(directory.names.count == 2)
    let reader = try SlicesReader(path: directory.path("m-?????-of-00002"))
    #expect(try Tensor<Float>(reader.tensor(for: "w")).array == [2, 3])
  }

  @Test func `never leaves a mixture that looks complete, whichever call fails`() throws {
    let pattern = directory.path("m-?????-of-00002")
    for left in [[], ["m-00000-of-00002"], ["m-00001-of-00002"]] {
      for number in 0..<200 {
        for name in directory.names { try LocalFileSystem().removeFile(directory.path(name)) }
        try writeShards([1, 2, 3])
        for name in directory.names where !left.contains(name) {
          try LocalFileSystem().removeFile(directory.path(name))
        }
        let files = InterceptingFileSystem.failing(at: number, errno: 5, forever: true)
        let failure = problem { try writeShards([4, 5, 6], fileSystem: files) }
        guard let reader = try? SlicesReader(path: pattern) else {
          #expect(failure != nil)
          continue
        }
        #expect(try Tensor<Float>(reader.tensor(for: "w")).array == [5, 6])
        #expect(try Tensor<Float>(reader.tensor(for: "a")).array == [4])
        if failure == nil { break }
      }
    }
  }

  @Test func `syncs every file before the first gets its name`() throws {
    let files = InterceptingFileSystem()
    try writeShards([1, 2, 3], fileSystem: files)
    let kinds = files.calls.filter { [.sync, .rename, .syncDirectory].contains($0.kind) }
    // The first one is the note's; the next one comes before the note that they get their names.
    #expect(
      kinds.map(\.kind) == [
        .syncDirectory, .sync, .sync, .syncDirectory, .rename, .rename, .syncDirectory,
      ])
  }

  @Test func `replaces one file in one step, whichever call fails`() throws {
    for number in 0..<100 {
      var old = try writer()
      try old.add(Tensor<Float>([1]), for: "w")
      try old.finish()
      var options = FileOptions()
      options.fileSystem = InterceptingFileSystem.failing(at: number, errno: 28)
      var failure: CheckpointError?
      do throws(CheckpointError) {
        var new = try SlicesWriter(path: directory.path("v1"), options: options)
        try new.add(Tensor<Float>([2]), for: "w")
        try new.finish()
      } catch {
        failure = error
      }
      let found = try Tensor<Float>(SlicesReader(path: directory.path("v1")).tensor(for: "w")).array
      #expect(found == [2] || (failure != nil && found == [1]), "call \(number)")
      if failure == nil { return }
    }
    Issue.record("more calls than expected")
  }

  // MARK: Opening

  @Test func `says what a path leads to that is no checkpoint`() throws {
    try writeShards([1, 2, 3])
    try directory.write([], to: "v2.index")
    func opening(_ name: String) -> String? {
      problem { _ = try SlicesReader(path: directory.path(name)) }
    }
    for name in ["m", "v2", "nothing/here"] {
      #expect(opening(name) == "there is no such file (notACheckpoint)", "\(name)")
    }
    #expect(opening("") == "this is a directory, a file is needed (notACheckpoint)")
    let absent = directory.path("n-?????-of-00002")
    #expect(
      opening("n-?????-of-00002")
        == "there is no file of the checkpoint '\(absent)' (notACheckpoint)")
    try LocalFileSystem().removeFile(directory.path("m-00001-of-00002"))
    #expect(opening("m-?????-of-00002") == "this shard is missing; 1 of 2 are there (notFound)")
    try directory.write([], to: "e\u{301}-00001-of-00002")
    #expect(
      opening("\u{E9}-00001-of-00002")
        == "there is no file of the checkpoint '\(directory.path("\u{E9}-?????-of-00002"))' (notACheckpoint)"
    )
  }

  @Test func `takes question marks for a pattern only in their place`() throws {
    var writer = try writer("what?-?????-of-00002")
    try writer.add(Tensor<Float>([1]), for: "w")
    try writer.finish()
    let path = directory.path("what?-?????-of-00002")
    #expect(try SlicesReader(path: path).entries().count == 1)
    #expect(try SlicesReader.recognizes(LocalFileSystem().openFile(path)))
    for name in ["what?", "what?-????-of-00002", "what?-?????-of-00000", "*-?????-of-00002", ""] {
      let path = directory.path(name)
      #expect(throws: CheckpointError.self, "\(name)") { try SlicesReader(path: path) }
    }
  }
}
