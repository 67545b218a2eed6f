import CheckpointBundle
import CheckpointIO
import CheckpointStore
import CheckpointTensors
import CheckpointTestSupport
import Testing

/// Proves that files of other programs are named, and that nothing else is.
@Suite struct ForeignContentTests {
  private static func zip(_ name: String) -> [UInt8] {
    [0x50, 0x4B, 3, 4] + [UInt8](repeating: 0, count: 26) + Array(name.utf8)
  }

  // As the formats say, byte by byte.
  private static let known: [(what: String, bytes: [UInt8])] = [
    ("Git LFS", Array("version https://git-lfs.github.com/spec/v1\noid sha256:4d\nsize 72\n".utf8)),
    ("HTML", Array("\n<!DOCTYPE html><html>".utf8)), ("HTML", Array("<HTML lang=en>".utf8)),
    ("gzip", [0x1F, 0x8B, 8, 0]), ("xz", [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0]),
    ("zstd", [0x28, 0xB5, 0x2F, 0xFD, 0]), ("bzip2", Array("BZh91AY".utf8)),
    ("7z", Array("7z".utf8) + [0xBC, 0xAF, 0x27, 0x1C, 0, 4]),
    ("tar", Array("model/".utf8) + [UInt8](repeating: 0, count: 251) + Array("ustar\u{0}00".utf8)),
    ("PyTorch", zip("archive/data.pkl")), ("npz", zip("arr_0.npy")),
    (".keras", zip("metadata.json")), ("zip archive", zip("readme")),
    ("pickle", [0x80, 2, 0x8A, 0x0A]), ("NumPy", [0x93] + Array("NUMPY\u{1}".utf8)),
    ("HDF5", [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]),
    ("GGUF", Array("GGUF".utf8) + [3, 0, 0, 0]),
    ("Lite", [0x1C, 0, 0, 0] + Array("TFL3".utf8)),
    ("state file", Array("model_checkpoint_path: \"ckpt-7\"\n".utf8)),
    ("as text", Array("node {\n  name: \"x\"".utf8)),
    (
      "event file",
      [24, 0, 0, 0, 0, 0, 0, 0] + [0xA3, 0x7F, 0x4B, 0x22, 0x09]
        + [0, 0, 0xC0, 0x6D, 0x11, 0x2E, 0xDA, 0x41, 0x1A, 0x0D] + Array("brain.Event:2".utf8)
    ),
    ("SavedModel", [0x08, 1, 0x12, 0x80, 0x10, 0x0A, 5]),
    ("ONNX", [0x08, 7, 0x12, 7] + Array("pytorch".utf8) + [0x1A]),
    (
      "GraphDef",
      [0x0A, 20, 0x0A, 5] + Array("input".utf8) + [0x12, 11] + Array("Placeholder".utf8)
    ),
    ("empty", []),
  ]

  @Test func `names each kind, and what to do`() {
    for (what, bytes) in Self.known {
      let found = ForeignContent(bytes)
      #expect(found?.sentence.contains(what) == true, "\(what): \(found?.sentence ?? "nothing")")
      #expect(found?.advice.isEmpty == false)
    }
  }

  @Test func `takes numbers, texts and the beginnings of its own files for nothing`() {
    let others: [[UInt8]] = [
      [0, 0, 0x80, 0x3F], [0x0A], [0x08, 1], [0x80], Array("{\"a\": 1}".utf8), Array("hello".utf8),
      [16, 0, 0, 0, 0, 0, 0, 0, 0x7B, 0x7D],  // safetensors
      [0, 0, 6, 0x08, 1, 0x12, 0, 0x1A, 2, 0x08, 1],  // an index of V2
      [0, 0, 4, 0x0A, 2, 0x0A, 0],  // a file of V1
    ]
    for bytes in others { #expect(ForeignContent(bytes) == nil, "\(bytes)") }
  }

  @Test(arguments: [
    ("a text in JSON", Array(#"{"error": "Repository not found"}"#.utf8)),
    ("a text in JSON", Array("\n[\n  {}]".utf8)), ("a text in JSON", Array("{ }".utf8)),
    ("nothing but zeros", [UInt8](repeating: 0, count: 1_000)), ("nothing but zeros", [0]),
  ])
  func `JSON and zeros are something where a checkpoint is wanted`(what: String, bytes: [UInt8])
    throws
  {
    let directory = try TemporaryDirectory("foreign")
    try directory.write(bytes, to: "m.safetensors")
    let (path, system) = (directory.path("m.safetensors"), LocalFileSystem())
    #expect(ForeignContent(at: path, system) == nil)
    let missing = MissingCheckpoint(at: path, system).error
    #expect(missing.code == .notACheckpoint)
    #expect(missing.message.contains(what), "\(missing)")
    let damage = CheckpointError(.limitExceeded, "the header is too long", file: path)
    #expect(damage.namingForeignContent(in: system).message.contains(what))
    // It may be numbers.
    try directory.write(bytes, to: "m.data-00000-of-00001")
    let data = directory.path("m.data-00000-of-00001")
    let short = CheckpointError(.truncated, "too short", file: data)
    #expect(short.namingForeignContent(in: system).message == "too short")
  }

  @Test func `a damaged index of a model is not called a text in JSON`() throws {
    let directory = try TemporaryDirectory("foreign")
    try directory.write(#"{"weight_map":"#.utf8, to: "model.safetensors.index.json")
    let error = CheckpointError(
      .corrupt, "the text ends", file: directory.path("model.safetensors.index.json"))
    #expect(error.namingForeignContent(in: LocalFileSystem()).message == "the text ends")
  }

  @Test(arguments: ["{a: 1}", "[1, 2]", "{", "{\"a\": \u{1}}", "hello"])
  func `what only begins like JSON is nothing`(text: String) throws {
    let directory = try TemporaryDirectory("foreign")
    try directory.write(text.utf8, to: "m")
    #expect(ForeignContent(inPlaceOfCheckpoint: directory.path("m"), LocalFileSystem()) == nil)
  }

  @Test func `takes any bytes without a trap`() {
    for seed in 0..<20_000 as Range<UInt64> {
      var random = SeededGenerator(seed: seed)
      let bytes = (0..<Int.random(in: 1...40, using: &random)).map { _ in
        UInt8.random(in: 0...255, using: &random)
      }
      _ = ForeignContent(bytes)
    }
    for (_, bytes) in Self.known {
      for count in 1...max(1, bytes.count) { _ = ForeignContent(Array(bytes.prefix(count))) }
    }
  }

  @Test func `lets all problems with such a file be one`() throws {
    let directory = try TemporaryDirectory("foreign")
    try directory.write(Self.known[0].bytes, to: "lfs")
    try directory.write([1, 2, 3], to: "numbers")
    let problems = [
      CheckpointError(.truncated, "a", file: directory.path("lfs"), key: "a"),
      CheckpointError(.truncated, "n", file: directory.path("numbers"), key: "n"),
      CheckpointError(.corrupt, "b", file: directory.path("lfs"), key: "b"),
      CheckpointError(.notFound, "c", file: directory.path("lfs"), key: "c"),
    ]
    let named = problems.namingForeignContent(in: LocalFileSystem())
    #expect(named.map(\.code) == [.truncated, .truncated])
    #expect(named[0].message.contains("git lfs pull"))
    #expect(named[1].message == "n")
    var list = ProblemList()
    for problem in problems { list.append(problem) }
    list.nameForeignContent(in: LocalFileSystem())
    #expect(list.count == 2)
  }

  // Numbers may begin as anything: what is wrong with them counts, and which tensor they are of.
  @Test func `a data file is not taken for something else by two bytes`() throws {
    let directory = try TemporaryDirectory("foreign")
    let name = "ckpt-7.data-00000-of-00001"
    func named(_ code: CheckpointError.Code, _ bytes: [UInt8]) throws -> CheckpointError {
      try directory.write(bytes, to: name)
      let error = CheckpointError(
        code, "the checksum is wrong", file: directory.path(name), key: "w")
      return error.namingForeignContent(in: LocalFileSystem())
    }
    let html = Array("<html><body>".utf8)
    for (code, bytes) in [
      (.corrupt, [0x1F, 0x8B, 8, 0]), (.truncated, [0x1F, 0x8B, 8, 0]),
      (.truncated, [0x80, 2, 0x8A]),
      (.corrupt, html),
    ] as [(CheckpointError.Code, [UInt8])] {
      #expect(try named(code, bytes).key == "w", "\(bytes)")
    }
    #expect(try named(.truncated, html).message.contains("HTML"))
    #expect(try named(.corrupt, Self.known[0].bytes).message.contains("git lfs pull"))
  }

  @Test func `whoever reads a tensor from such a file hears which tensor it was`() throws {
    let directory = try TemporaryDirectory("foreign")
    var writer = try BundleWriter(prefix: directory.path("m"))
    try writer.add(Tensor<Float>([1]), for: "w")
    try writer.finish()
    try directory.write([UInt8](), to: "m.data-00000-of-00001")
    let reader = try CheckpointReader(directory.path("m"), fileSystem: LocalFileSystem())
    let errors = [
      #expect(throws: CheckpointError.self) { _ = try reader.tensor(for: "w", slice: nil) },
      #expect(throws: CheckpointError.self) {
        var bytes: [UInt8] = [0, 0, 0, 0]
        var span = bytes.mutableSpan
        var output = unsafe span.mutableBytes
        try reader.read("w", slice: nil, into: &output)
      },
    ]
    for error in errors {
      #expect(error?.key == "w")
      #expect(error?.message.hasPrefix("this is an empty file") == true)
    }
  }

  @Test func `a damaged safetensors file is no pickle, whatever the length of its header`() throws {
    let directory = try TemporaryDirectory("foreign")
    for length in [0x280, 0x380, 0x480, 0x580] {
      let start = [UInt8(length & 0xFF), UInt8(length >> 8), 0, 0, 0, 0, 0, 0]
      try directory.write(start + Array("{\"a\":".utf8), to: "s")
      #expect(ForeignContent(at: directory.path("s"), LocalFileSystem()) == nil)
      #expect(ForeignContent(start) == nil)
    }
  }
}
