import CheckpointBundle
import CheckpointIO
import CheckpointTensors
import CheckpointTestSupport
import Foundation
import Testing

/// Proves what merging does with parts that fit, and with those that do not.
@Suite struct BundleMergerTests {
  private static let parts = ["/run/p0", "/run/p1"]
  private static let merged = "/run/m"

  private func options(_ system: any FileSystem) -> FileOptions {
    var options = FileOptions()
    options.fileSystem = system
    return options
  }

  private func save(
    _ tensors: [String: Float], slice: String? = nil, to prefix: String, _ system: any FileSystem
  ) throws(CheckpointError) {
    var writer = try BundleWriter(prefix: prefix, options: options(system))
    for (name, value) in tensors.sorted(by: { $0.key < $1.key }) {
      try writer.add(Tensor<Float>(repeating: value, shape: [2, 3]), for: TensorKey(name))
    }
    if let slice {
      let part = try TensorSlice.Part(slice)
      let shape = try part.slice.region(in: part.fullShape).shape
      try writer.add(Tensor<Float>(repeating: 9, shape: shape), for: "sliced", part: part)
    }
    try writer.finish()
  }

  /// Two parts with a tensor each and two slices of a third.
  private func prepared(
    _ second: [String: Float] = ["b": 2], slices: [String?] = ["4 3 0,2:-", "4 3 2,2:-"]
  ) throws -> MemoryFileSystem {
    let system = MemoryFileSystem()
    try save(["a": 1], slice: slices[0], to: Self.parts[0], system)
    try save(second, slice: slices[1], to: Self.parts[1], system)
    return system
  }

  private func merge(
    _ parts: [String] = parts, into prefix: String = merged, in system: any FileSystem
  ) -> CheckpointError? {
    do throws(CheckpointError) {
      try BundleMerger.merge(parts, into: prefix, options: options(system))
      return nil
    } catch {
      return error
    }
  }

  private func expectMerged(_ system: any FileSystem) throws {
    let reader = try BundleReader(prefix: Self.merged, fileSystem: system)
    #expect(try reader.entries().map(\.key) == ["a", "b", "sliced"])
    #expect(try Set(Tensor<Float>(reader.tensor(for: "a")).array) == [1])
    #expect(try Set(Tensor<Float>(reader.tensor(for: "b")).array) == [2])
    #expect(try Tensor<Float>(reader.tensor(for: "sliced")).array == Array(repeating: 9, count: 12))
  }

  @Test func `makes one checkpoint of several, and the parts go`() throws {
    let system = try prepared()
    #expect(merge(in: system)?.description == nil)
    try expectMerged(system)
    #expect(
      system.paths == ["/run/m.data-00000-of-00002", "/run/m.data-00001-of-00002", "/run/m.index"])
  }

  @Test func `brings any number of parts into one order`() throws {
    for seed in 0..<20 as Range<UInt64> {
      var random = SeededGenerator(seed: seed)
      let system = MemoryFileSystem()
      let parts = (0..<Int.random(in: 1...40, using: &random)).map { "/run/p\($0)" }
      let rows = parts.indices.shuffled(using: &random)
      var values: [String: Float] = [:]
      for (part, row) in zip(parts, rows) {
        var own: [String: Float] = [:]
        for _ in 0..<Int.random(in: 0...9, using: &random) {
          let name = "\(Int.random(in: 0..<1_000, using: &random))"
          if values[name] == nil { own[name] = Float.random(in: 0..<1, using: &random) }
        }
        values.merge(own) { old, _ in old }
        try save(own, slice: "\(parts.count) 3 \(row),1:-", to: part, system)
      }
      #expect(merge(parts, in: system)?.description == nil, "seed \(seed)")
      let reader = try BundleReader(prefix: Self.merged, fileSystem: system)
      let keys = (values.keys + ["sliced"]).map { TensorKey($0) }.sorted()
      #expect(try reader.entries().map(\.key) == keys, "seed \(seed)")
      #expect(try reader.entry(for: "sliced")?.slices.count == parts.count, "seed \(seed)")
      for (name, value) in values {
        let tensor = try Tensor<Float>(reader.tensor(for: TensorKey(name)))
        #expect(Set(tensor.array) == [value], "seed \(seed)")
      }
      let whole = try Tensor<Float>(reader.tensor(for: "sliced"))
      #expect(whole.array == Array(repeating: 9, count: 3 * parts.count), "seed \(seed)")
    }
  }

  @Test func `brings many entries into one order, which all cores put together`() throws {
    let system = MemoryFileSystem()
    let parts = (0..<4).map { "/run/p\($0)" }
    for (number, part) in parts.enumerated() {
      var writer = try BundleWriter(prefix: part, options: options(system))
      for index in 0..<1_500 {
        let slice = try TensorSlice.Part("4 \(number),1")
        let (sliced, own) = (TensorKey("sliced\(index)"), TensorKey("own\(index * 4 + number)"))
        try writer.add(Tensor<Float>([Float(index)]), for: sliced, part: slice)
        try writer.add(Tensor<Float>([Float(number)]), for: own)
      }
      try writer.finish()
    }
    #expect(merge(parts, in: system)?.description == nil)
    let reader = try BundleReader(prefix: Self.merged, fileSystem: system)
    let names = (0..<6_000).map { "own\($0)" } + (0..<1_500).map { "sliced\($0)" }
    #expect(try reader.entries().map(\.key) == names.map { TensorKey($0) }.sorted())
    for index in 0..<1_500 {
      let sliced = try Tensor<Float>(reader.tensor(for: TensorKey("sliced\(index)")))
      #expect(sliced.array == Array(repeating: Float(index), count: 4))
      let own = try Tensor<Float>(reader.tensor(for: TensorKey("own\(index)")))
      #expect(own.array == [Float(index % 4)])
    }
  }

  @Test func `of many entries, all that are there twice are named`() throws {
    let system = MemoryFileSystem()
    let names = (0..<4_000).map { "\($0)" }
    for part in Self.parts {
      let own = names.filter { part == Self.parts[0] || $0.hasSuffix("999") }
      try save(Dictionary(uniqueKeysWithValues: own.map { ($0, 1) }), to: part, system)
    }
    let error = try #require(merge(in: system))
    #expect(error.code == .duplicateName)
    #expect(error.problems.compactMap(\.key) == ["1999", "2999", "3999", "999"])
  }

  @Test func `replaces a checkpoint`() throws {
    let system = try prepared()
    try save(["old": 5], to: Self.merged, system)
    try save(["old": 6], to: Self.merged, system)  // has the count 2, which merging would take
    #expect(merge(in: system)?.description == nil)
    try expectMerged(system)
    #expect(system.paths.count == 3)
  }

  /// What goes wrong, and that nothing has changed by it.
  private func expectRefused(
    _ system: MemoryFileSystem, _ parts: [String] = parts, into prefix: String = merged
  ) -> String? {
    let before = system.image
    let error = merge(parts, into: prefix, in: system)
    #expect(system.image == before)
    return error?.description
  }

  @Test func `refuses a tensor that two parts have`() throws {
    #expect(
      try expectRefused(prepared(["a": 2]))
        == "/run/p1: key 'a': two of the checkpoints have this tensor, '/run/p0' and '/run/p1'; give it "
        + "another name in one of them first (duplicateName)")
    #expect(
      try expectRefused(prepared(["a": 2]), ["/run/p0", "/run/p1", "/run/p1"])?
        .contains("3 tensors are in two of the checkpoints; ") == true)
    #expect(
      try expectRefused(prepared(["sliced": 2], slices: ["4 3 0,2:-", nil]))
        == "/run/p1: key 'sliced': two of the checkpoints have this tensor, '/run/p0' and '/run/p1'; "
        + "give it another name in one of them first (duplicateName)")
  }

  @Test func `refuses parts of one tensor that disagree`() throws {
    let twice = try expectRefused(prepared(slices: ["4 3 0,2:-", "4 3 0,2:-"]))
    #expect(twice?.hasSuffix("(duplicateName)") == true, "\(twice ?? "")")
    #expect(
      try expectRefused(prepared(slices: ["4 3 0,2:-", "5 3 2,2:-"]))
        == "/run/p1: key 'sliced': this part is of a tensor float32[5, 3], those before are of "
        + "float32[4, 3] (mismatch)")
    let overlapping = try expectRefused(prepared(slices: ["4 3 0,2:-", "4 3 1,2:-"]))
    #expect(overlapping?.contains("the slices 0,2:- and 1,2:- overlap") == true)
  }

  @Test func `refuses parts of two byte orders`() throws {
    let directory = try TemporaryDirectory()
    let big = try BundleFiles(copying: fixture("bigendian/all"))
    for (name, bytes) in big.files { try directory.write(bytes, to: name) }
    try save(["a": 1], to: directory.path("p0"), LocalFileSystem())
    let before = directory.names
    let error = merge(
      [directory.path("p0"), directory.path("m")], into: directory.path("x"), in: LocalFileSystem())
    #expect(
      error?.description == directory.path("m")
        + ": its numbers have another byte order than those before (mismatch)")
    #expect(directory.names == before)
  }

  @Test func `keeps the byte order of its parts`() throws {
    let directory = try TemporaryDirectory()
    let big = try BundleFiles(copying: fixture("bigendian/all"))
    let contents = try big.contents()
    for (name, bytes) in big.files { try directory.write(bytes, to: name) }
    #expect(merge([directory.path("m")], into: directory.path("x"), in: LocalFileSystem()) == nil)
    let reader = try BundleReader(prefix: directory.path("x"))
    #expect(reader.isBigEndian)
    #expect(try BundleContents(of: reader) == contents)
  }

  @Test func `refuses a part that is not there, is damaged, or named twice`() throws {
    let system = try prepared()
    #expect(
      expectRefused(system, ["/run/p0", "/run/none"])
        == "/run/none: there is no 'none.index' (notACheckpoint)")
    let twice = expectRefused(system, ["/run/p0", "/run/p0"])
    #expect(twice?.contains("'/run/p0' and '/run/p0'") == true, "\(twice ?? "")")
    #expect(expectRefused(system, []) == "/run/m: there is no tensor to merge (invalidArgument)")
    var image = system.image
    image.files["/run/p1.index"] = [1, 2, 3]
    #expect(expectRefused(MemoryFileSystem(image))?.hasSuffix("(truncated)") == true)
    image = system.image
    image.files["/run/p1.data-00000-of-00001"] = nil
    #expect(
      expectRefused(MemoryFileSystem(image))
        == "/run/p1.data-00000-of-00001: this data file is missing; the index of one of the parts "
        + "names it (notFound)")
  }

  @Test func `refuses to merge into one of the parts, however it is spelled`() throws {
    let directory = try TemporaryDirectory()
    let local = LocalFileSystem()
    try save(["a": 1], to: directory.path("p0"), local)
    try save(["b": 2], to: directory.path("p1"), local)
    try FileManager.default.createSymbolicLink(
      atPath: directory.path("link"), withDestinationPath: directory.path)
    let before = directory.names
    for prefix in ["p1", "./p1", "link/p1", "link/link/p1"] {
      let error = merge(
        [directory.path("p0"), directory.path(prefix)], into: directory.path("p1"), in: local)
      #expect(error?.code == .pathConflict, "\(prefix)")
      #expect(directory.names == before, "\(prefix)")
      #expect(try BundleReader(prefix: directory.path("p1")).entries().map(\.key) == ["b"])
    }
  }

  @Test(arguments: [true, false], [true, false])
  func `refuses data files that are links`(isRelative: Bool, leadsSomewhere: Bool) throws {
    let directory = try TemporaryDirectory()
    let (local, files) = (LocalFileSystem(), FileManager.default)
    for name in ["real", "sub"] {
      try files.createDirectory(
        atPath: directory.path(name), withIntermediateDirectories: false)
    }
    try save(["a": 1], to: directory.path("p0"), local)
    try save(["b": 2], to: directory.path("real/p1"), local)
    let target = isRelative ? "../real/p1" : directory.path("real/p1")
    for ending in [".index", ".data-00000-of-00001"] {
      try files.createSymbolicLink(
        atPath: directory.path("sub/link\(ending)"), withDestinationPath: target + ending)
    }
    if !leadsSomewhere { try local.removeFile(directory.path("real/p1.data-00000-of-00001")) }
    let before = directory.names
    let link = directory.path("sub/link")
    let error = merge([directory.path("p0"), link], into: directory.path("m"), in: local)
    #expect(
      error?.description == "\(link).data-00000-of-00001: this data file is a symbolic link, and "
        + "moving it would not move what it leads to; merge by copying: "
        + "CheckpointConversion(merging:to:), "
        + "'checkpoint merge' without '--move' (unsupported)")
    #expect(directory.names == before)
    #expect(try BundleReader(prefix: directory.path("p0")).entries().map(\.key) == ["a"])
  }

  @Test func `moves the data files of an index that is a link`() throws {
    let directory = try TemporaryDirectory()
    let local = LocalFileSystem()
    try save(["a": 1], to: directory.path("p0"), local)
    let index = directory.path("p0.index")
    try local.rename(index, to: directory.path("elsewhere"))
    try FileManager.default.createSymbolicLink(
      atPath: index, withDestinationPath: directory.path("elsewhere"))
    #expect(merge([directory.path("p0")], into: directory.path("m"), in: local) == nil)
    let reader = try BundleReader(prefix: directory.path("m"))
    #expect(try Set(Tensor<Float>(reader.tensor(for: "a")).array) == [1])
  }

  // A part without tensors cannot be saved; other programs leave such.
  @Test func `passes over a part without tensors`() throws {
    var image = try prepared().image
    image.files["/run/none.index"] = try BundleAssembler().system().image.files["/run/m.index"]
    let system = MemoryFileSystem(image)
    #expect(merge(Self.parts + ["/run/none"], in: system)?.description == nil)
    try expectMerged(system)
    #expect(!system.paths.contains("/run/none.index"))
  }

  @Test func `the directory is listed as often for many parts as for few`() throws {
    func listings(_ count: Int) throws -> Int {
      let system = MemoryFileSystem()
      let parts = (0..<count).map { "/run/p\($0)" }
      for (number, part) in parts.enumerated() { try save(["w\(number)": 1], to: part, system) }
      let counting = InterceptingFileSystem(system)
      #expect(merge(parts, in: counting)?.description == nil)
      #expect(system.paths.count == count + 1)
      return counting.calls.count { $0.kind == .list }
    }
    #expect(try listings(200) == listings(2))
  }

  @Test(arguments: [false, true])
  func `loses nothing whichever call fails`(forever: Bool) throws {
    let before = try prepared().image
    let counting = InterceptingFileSystem(MemoryFileSystem(before))
    #expect(merge(in: counting) == nil)
    for (number, call) in counting.calls.enumerated() {
      let system = MemoryFileSystem(before)
      let failing = InterceptingFileSystem(system) { current, call throws(CheckpointError) in
        guard current == number || (forever && current > number) else { return }
        throw .system("injected failure of \(call.kind)", errno: EIO, file: call.path)
      }
      let error = merge(in: failing)
      #expect(error != nil || system.paths.contains("/run/m.index"), "\(call)")
      if system.paths.contains("/run/m.index") {
        try expectMerged(system)
        #expect(error == nil || error?.message.contains("is saved") == true, "\(error)")
      } else {
        for part in Self.parts {
          let reader = try BundleReader(prefix: part, fileSystem: system)
          for entry in try reader.entries() where entry.slices.isEmpty {
            _ = try reader.tensor(for: entry.key)
          }
        }
        if !forever { #expect(system.paths == before.files.keys.sorted(), "\(call)") }
        #expect(merge(in: system)?.description == nil, "\(call)")
        try expectMerged(system)
      }
    }
  }

  @Test func `survives a power cut at any moment`() throws {
    let system = MemoryFileSystem(try prepared().image)
    #expect(merge(in: system) == nil)
    var cut = PowerCut(system.start)
    for (number, event) in system.log.enumerated() {
      cut.apply(event)
      for image in cut.images() {
        let left = MemoryFileSystem(image)
        if image.files["/run/m.index"] != nil {
          try expectMerged(left)
        } else {
          for part in Self.parts {
            let reader = try BundleReader(prefix: part, fileSystem: left)
            for entry in try reader.entries() where entry.slices.isEmpty {
              _ = try reader.tensor(for: entry.key)
            }
          }
        }
      }
      #expect(number < 100)
    }
  }
}
