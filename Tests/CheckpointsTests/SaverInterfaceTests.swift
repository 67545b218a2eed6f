import CheckpointStore
import CheckpointSafetensors
import CheckpointPlans
import CheckpointGraph
import CheckpointBundle
import CheckpointIO
import CheckpointSlices
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Foundation
import Testing

/// What a saver shows: its definition, savers made of other things, and what is left out on purpose.
@Suite struct SaverInterfaceTests {
  private let directory: TemporaryDirectory
  init() throws { directory = try TemporaryDirectory() }

  private let w = Variable<Float>([1, 2], name: "w")

  private func error(_ body: () throws(CheckpointError) -> Void) -> CheckpointError? {
    do throws(CheckpointError) {
      try body()
      return nil
    } catch {
      return error
    }
  }

  // MARK: Definitions

  @Test func `Saver rows 24, 59, 60: has a definition at any time`() throws {
    #expect(try Saver([w]).definition == MetaGraphSummary.SaverDefinition())
    var options = SaveOptions()
    var settings = Saver.Settings()
    options.format = .v1
    options.sharding = .count(2)
    settings.retention = .latest(2).or(.everyHours(1.5, anchored: .grid))
    let definition = try Saver([w], settings: settings, options: options).definition
    let expected = MetaGraphSummary.SaverDefinition(
      maxToKeep: 2,
      isSharded: true,
      keepCheckpointEveryNHours: 1.5,
      version: .v1
    )
    #expect(definition == expected)
    settings.retention = .all
    #expect(try Saver([w], settings: settings, options: options).definition.maxToKeep == 0)
  }

  @Test func `Saver rows 42, 61: does what a definition says, and gives it back`() throws {
    let definition = MetaGraphSummary.SaverDefinition(
      filenameTensorName: "outer/save/Const:0",
      saveTensorName: "outer/save/Identity:0",
      restoreOpName: "outer/save/restore_all",
      maxToKeep: 3,
      isSharded: true,
      keepCheckpointEveryNHours: 2,
      version: .v1
    )
    let decoded = try MetaGraphSummary.SaverDefinition(serialized: definition.serialized())
    let saver = try Saver([w], settings: Saver.Settings(decoded), options: SaveOptions(decoded))
    #expect(saver.definition == definition)
    #expect(saver.definition.strippingScope("outer")?.restoreOpName == "save/restore_all")
    #expect(saver.settings.retention == .latest(3).or(.everyHours(2, anchored: .grid)))
    let path = try saver.save(to: directory.path("m"))
    #expect(path == directory.path("m-?????-of-00001"))
    let legacy = MetaGraphSummary.SaverDefinition(maxToKeep: 0, version: .legacy)
    #expect(try SaveOptions(legacy).format == .v1 && Saver.Settings(legacy).retention == .all)
  }

  @Test func `Saver row 55: refuses a definition that makes no sense`() {
    let cases: [(MetaGraphSummary.SaverDefinition, CheckpointError.Code)] = [
      (.init(maxToKeep: -1), .invalidArgument),
      (.init(keepCheckpointEveryNHours: -1), .invalidArgument),
      (.init(keepCheckpointEveryNHours: .nan), .invalidArgument),
      (.init(version: .init(rawValue: 3)), .unsupported),
    ]
    for (definition, code) in cases {
      let error = error { () throws(CheckpointError) in
        _ = (try Saver.Settings(definition), try SaveOptions(definition))
      }
      #expect(error?.code == code, "\(definition)")
    }
  }

  // MARK: Graphs

  @Test func `Saver rows 84, 85: says what there is in place of graphs`() throws {
    let saver = try Saver([w])
    let export = error { () throws(CheckpointError) in try saver.exportMetaGraph(to: "m.meta") }
    #expect(
      export?.description
        == "m.meta: graphs are not written; a checkpoint is restored without one, and "
        + "Saver.definition has the saver's own part of it (unsupported)"
    )
    let load = error { () throws(CheckpointError) in _ = try Saver.importMetaGraph("m.meta") }
    #expect(
      load?.description
        == "m.meta: a graph cannot be run here; MetaGraphSummary(contentsOf:) says what it saves, "
        + "and its makeSaver(_:) makes a saver of the program's own variables (unsupported)"
    )
  }

  private static let graphs =
    URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().path + "/TensorFlowFixtureTests/Fixtures/meta"

  private func summary(_ name: String) throws -> MetaGraphSummary {
    try MetaGraphSummary(contentsOf: "\(Self.graphs)/\(name).meta")
  }

  @Test func `Saver row 86: makes the saver of a graph of the program's variables`() throws {
    let variables: [String: any TensorVariable] = [
      "b": Variable<BFloat16>(repeating: BFloat16(0), shape: [3]),
      "global_step": Variable<Int64>(0),
      "w": Variable<Float>(repeating: 0, shape: [2, 3]),
    ]
    let saver = try #require(try summary("references").makeSaver(variables))
    #expect(saver.variables.map(\.name) == ["b", "global_step", "w"])
    #expect(saver.definition.maxToKeep == 2)
    #expect(saver.definition.keepCheckpointEveryNHours == 1.5)
    // Without a saver, one of all variables; of a partitioned one, its whole.
    let partitioned: [String: any TensorVariable] = [
      "b": Variable<Float>(repeating: 0, shape: [3]),
      "layer/w": Variable<Float>(repeating: 0, shape: [5, 3]),
    ]
    #expect(try summary("partitioned").makeSaver(partitioned)?.variables.count == 2)
    let names = Set(try summary("no_saver").variables.map(\.fullName))
    let all = Dictionary(uniqueKeysWithValues: names.map { ($0, Variable<Float>(0)) })
    #expect(try summary("no_saver").makeSaver(all)?.variables.count == names.count)
  }

  @Test func `Saver row 86: names all variables that are not those of the graph`() throws {
    let variables: [String: any TensorVariable] = [
      "b": Variable<Float>([1]), "w": Variable<Float>(repeating: 0, shape: [2, 3]),
      "v": Variable<Float>(1),
    ]
    let summary = try summary("default")
    let error = error { () throws(CheckpointError) in _ = try summary.makeSaver(variables) }
    let path = "\(Self.graphs)/default.meta"
    #expect(
      error?.description == """
        \(path): these are not the variables of the graph's saver, for 3 reasons (several)
          - key 'b': the graph saves bfloat16[3], the variable is float32[1] (mismatch)
          - key 'global_step': the graph's saver writes this, int64[], and there is no variable for \
        it (notFound)
          - key 'v': the graph's saver does not write this (invalidArgument)
        """
    )
  }

  // MARK: Objects

  private func savedObjects() throws -> CheckpointReader {
    let path = try Checkpoint([
      "a": Variable<Float>(1, name: "x"), "b": Variable<Float>(2, name: "y"),
      "c": Variable<Float>(3, name: "twice"), "d": Variable<Float>(4, name: "twice"),
    ]).write(to: directory.path("objects"))
    return try CheckpointReader(path)
  }

  @Test func `Saver row 88: maps full names to all of their keys`() throws {
    let reader = try savedObjects()
    func key(_ name: String) -> String { "\(name)/.ATTRIBUTES/VARIABLE_VALUE" }
    #expect(
      try reader.objectGraph()?.keyMapping == [
        "x": [key("a")], "y": [key("b")], "twice": [key("c"), key("d")],
      ]
    )
    #expect(try reader.objectGraph()?.unnamedKeys == [])
    let state = try Checkpoint(["run": RunState(7), "a": w]).write(to: directory.path("state"))
    let graph = try #require(try CheckpointReader(state).objectGraph())
    #expect(graph.unnamedKeys == ["run/.ATTRIBUTES/py_state"])
    #expect(graph.keyMapping == ["w": [key("a")]])
    let path = try Saver([w]).save(to: directory.path("names"))
    #expect(try CheckpointReader(path).objectGraph() == nil)
    let error = error { () throws(CheckpointError) in _ = try ObjectGraph.keyMapping(at: path) }
    #expect(error?.code == .unsupported)
  }

  @Test func `Saver row 89: saves and restores under the keys of objects`() throws {
    let (x, other) = (Variable<Float>(0), Variable<Float>(0))
    let saver = try Saver(objectBased: savedObjects(), variables: ["x": x, "y": other])
    try saver.restore(from: directory.path("objects"))
    #expect(x.scalar == 1 && other.scalar == 2)
    x.scalar = 5
    let path = try saver.save(to: directory.path("again"))
    #expect(
      try CheckpointReader(path).entries().map(\.key)
        == ["a/.ATTRIBUTES/VARIABLE_VALUE", "b/.ATTRIBUTES/VARIABLE_VALUE"]
    )
    // Names of one's own; no graph is looked for then.
    let mapped = try Saver(
      objectBased: CheckpointReader(path),
      variables: ["mine": other],
      namesToKeys: ["mine": "a/.ATTRIBUTES/VARIABLE_VALUE", "unused": "?"]
    )
    try mapped.restore(from: path)
    #expect(other.scalar == 5)
  }

  @Test func `Saver row 89: says what is absent, what there is instead, and how many match`() throws
  {
    let reader = try savedObjects()
    let absent = error { () throws(CheckpointError) in
      _ = try Saver(
        objectBased: reader,
        variables: ["x": w, "why": Variable<Float>(0), "z": Variable<Float>(0)]
      )
    }
    #expect(absent?.code == .notFound && absent?.problems.map(\.key) == ["why", "z"])
    #expect(
      absent?.description.hasPrefix(
        """
        \(reader.path): 2 variables have no key in this object-based checkpoint; 2 names that it \
        has are not known here: 'twice', 'y'; 1 names match. Name the variables as they were saved, \
        or give namesToKeys (notFound)
          - key 'why': no saved variable has this name
        """
      ) == true,
      "\(absent?.description ?? "")"
    )
    let ambiguous = error { () throws(CheckpointError) in
      _ = try Saver(objectBased: reader, variables: ["twice": w])
    }
    #expect(ambiguous?.code == .ambiguousName)
    #expect(
      ambiguous?.problems.first?.message.contains("'c/.ATTRIBUTES/VARIABLE_VALUE', 'd/") == true
    )
    let path = try Saver([w]).save(to: directory.path("names"))
    let byName = error { () throws(CheckpointError) in
      _ = try Saver(objectBased: CheckpointReader(path), variables: ["w": w])
    }
    #expect(byName?.code == .unsupported)
  }

  // MARK: Parts that can be replaced

  // In place of SaveableObject, SaveSpec and builders of one's own.
  @Test func `Saver rows 8, 9, 10, 11, 43: saves and restores any type that gives bytes`() throws {
    let hidden = Countdown(seconds: 90)
    let saver = try Saver(["countdown": hidden])
    let path = try saver.save(to: directory.path("m"))
    #expect(try Tensor<Int64>(CheckpointReader(path).tensor(for: "countdown")).array == [1, 30])
    hidden.seconds = 0
    try saver.restore(from: path)
    #expect(hidden.seconds == 90)
    var writers: [any TensorWriter] = [
      try BundleWriter(prefix: directory.path("v2")), try SlicesWriter(path: directory.path("v1")),
      try SafetensorsWriter(directory.path("s")),
    ]
    for index in writers.indices {
      try writers[index].add(hidden, for: "countdown")
      try writers[index].finish()
    }
    for name in ["v2", "v1", "s"] {
      hidden.seconds = 0
      try saver.restore(from: directory.path(name))
      #expect(hidden.seconds == 90, "\(name)")
    }
  }

  // One pass over index and files; problems before the first value, values before the first change.
  @Test func `Saver rows 14, 15, 21, 26: reads each tensor once, together, and then assigns`()
    throws
  {
    let path = try Saver(["a": w, "b": Variable<Float>(3)]).save(to: directory.path("m"))
    let (a, b) = (Variable<Float>([0, 0]), Variable<Float>(0))
    let system = InterceptingFileSystem()
    var options = SaveOptions()
    options.fileSystem = system
    try Saver(["a": a, "b": b], options: options).restore(from: path)
    #expect(a.value.array == [1, 2] && b.scalar == 3)
    #expect(system.calls.count { $0.kind == .open && $0.path.contains(".data-") } == 1)
    var bytes = try directory.bytes("m.data-00000-of-00001")
    bytes[8] ^= 1  // of `b`, the last one
    try directory.write(bytes, to: "m.data-00000-of-00001")
    (a.value, b.scalar) = (Tensor([0, 0]), 0)
    #expect(throws: CheckpointError.self) { try Saver(["a": a, "b": b]).restore(from: path) }
    #expect(a.value.array == [0, 0] && b.scalar == 0)
  }

  @Test func `Saver row 25: saves without restoring, and restores without saving`() throws {
    let path = try Saver([w]).save(to: directory.path("m"))
    let copy = Variable<Float>([0, 0], name: "w")
    try Saver([copy]).restore(from: path)
    #expect(copy.value.array == [1, 2])
  }

  @Test func `Saver row 41: restores tensor by tensor, in place, if memory is short`() throws {
    let path = try Saver([w]).save(to: directory.path("m"))
    for placement in [.transactional, .replacing, .inPlace] as [RestoreOptions.Placement] {
      let copy = Variable<Float>([0, 0], name: "w")
      try Saver([copy]).restore(from: path, options: RestoreOptions(placement: placement))
      #expect(copy.value.array == [1, 2])
    }
  }

  @Test func `Saver row 36: reshapes at every restore if the saver is told so`() throws {
    let path = try Saver([w]).save(to: directory.path("m"))
    let column = Variable<Float>(repeating: 0, shape: [2, 1], name: "w")
    let strict = error { () throws(CheckpointError) in try Saver([column]).restore(from: path) }
    #expect(strict?.code == .mismatch)
    var settings = Saver.Settings()
    settings.allowsReshape = true
    try Saver([column], settings: settings).restore(from: path)
    #expect(column.value.array == [1, 2] && column.shape == [2, 1])
    let three = Variable<Float>([0, 0, 0], name: "w")
    let count = error { () throws(CheckpointError) in
      try Saver([three], settings: settings).restore(from: path)
    }
    #expect(count?.code == .mismatch)
  }

  @Test func `Saver row 48: writes absolute paths if told so`() throws {
    var settings = Saver.Settings()
    settings.savesRelativePaths = false
    let saver = try Saver([w], settings: settings)
    let path = try saver.save(to: directory.path("m"), step: 1)
    let text = String(decoding: try directory.bytes("checkpoint"), as: UTF8.self)
    #expect(text.hasPrefix("model_checkpoint_path: \"\(path)\"\n"))
    // Moved all the same: the name is looked for beside the state file.
    let moved = try TemporaryDirectory()
    for name in directory.names { try moved.write(directory.bytes(name), to: name) }
    try FileManager.default.removeItem(atPath: "\(path).index")
    #expect(try CheckpointDirectory(moved.path).latest() == moved.path("m-1"))
  }

  @Test func `Saver row 75: tells the system's error, its number, and what to do`() throws {
    var options = SaveOptions()
    options.createsDirectories = false
    let saver = try Saver([w], options: options)
    let parent = error { () throws(CheckpointError) in try saver.save(to: directory.path("a/m")) }
    #expect(parent?.systemError == ENOENT && parent?.file == directory.path("a"))
    options.fileSystem = InterceptingFileSystem { _, call throws(CheckpointError) in
      guard call.kind == .write else { return }
      throw .system("write", errno: ENOSPC, file: call.path)
    }
    let full = error { () throws(CheckpointError) in
      try Saver([w], options: options).save(to: directory.path("m"))
    }
    #expect(full?.code == .io && full?.systemError == ENOSPC)
    #expect(full?.message.contains("free some room") == true)
    let free = try #require(full?.message.firstMatch(of: /(\d+) MB are free there/))
    #expect(Int(free.1) ?? 0 > 0)
    #expect(directory.names.isEmpty)
  }

  @Test func `Saver row 83: says in every error where, what, and of which kind`() throws {
    let path = try Saver([w]).save(to: directory.path("m"))
    let error = error { () throws(CheckpointError) in
      try Saver(["v": Variable<Float>(0)]).restore(from: path)
    }
    #expect(error?.file == path && error?.key == "v" && error?.code == .notFound)
    #expect(
      error?.description.hasPrefix("\(path): key 'v': the checkpoint has no such tensor") == true
    )
  }

  // MARK: What is left out

  // No sessions, graphs, scopes or lists of all variables; nothing that is built later; no warning to
  // use something else. Variables are of one type, and know their values.
  @Test
  func
    `Saver rows 17, 27, 28, 29, 30, 33, 34, 35, 40, 44, 49, 50, 53, 54, 66, 72, 87, 90, 91: shows this and no more`()
    throws
  {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../Sources/Checkpoints")
    var shown: [String] = []
    for path in try FileManager.default.subpathsOfDirectory(atPath: folder.path).sorted() {
      let name = URL(fileURLWithPath: path).lastPathComponent
      let isOther = ["Saver+Saved.swift", "Saver+URL.swift"].contains(name)
      guard name == "Saver.swift" || name.hasPrefix("Saver+"), !isOther else { continue }
      let text = try String(contentsOf: folder.appendingPathComponent(path), encoding: .utf8)
      for line in text.split(separator: "\n") {
        let match = line.firstMatch(
          of:
            /^ *public (?:static |convenience |internal\(set\) |final )*((?:var|let|func|init|class|struct|enum)[^:({=]*)/
        )
        if let match { shown.append(match.1.trimmingCharacters(in: .whitespaces)) }
      }
    }
    #expect(
      shown.sorted() == [
        "class Saver", "func exportMetaGraph", "func importMetaGraph", "func makeSaver",
        "func recoverHistory", "func recoverHistory", "func restore", "func restore", "func save",
        "func save",
        "func setHistory", "func setHistory", "init", "init", "init", "init", "init", "init",
        "init", "init", "let options", "let settings", "struct Settings", "var allowsEmpty",
        "var allowsReshape", "var checkpoints", "var definition", "var groups", "var lastSave",
        "var metaGraphSuffix", "var retention", "var savesRelativePaths",
        "var stateFilename", "var stepPadding", "var updatesState", "var variables",
      ]
    )
  }
}

/// The list of TensorFlow's behaviours, in the documentation, and the tests that it speaks of.
@Suite struct SaverRowTests {
  private static let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent()

  // `8, 43` and `9–11`, with either dash.
  private static func rows(_ text: some StringProtocol) -> [Int] {
    text.split(separator: ",").flatMap { item in
      let numbers = item.split { "–-".contains($0) }.compactMap {
        Int($0.trimmingCharacters(in: .whitespaces))
      }
      return numbers.count == 2 ? Array(numbers[0]...numbers[1]) : numbers
    }
  }

  @Test func `has each row once`() throws {
    let article = Self.tests.appendingPathComponent(
      "../Sources/Checkpoints/Checkpoints.docc/SaverBehaviour.md"
    )
    var rows: [Int] = []
    for line in try String(contentsOf: article, encoding: .utf8).split(separator: "\n") {
      if let match = line.firstMatch(of: /^\| ([0-9][0-9, –]*) \|/) { rows += Self.rows(match.1) }
    }
    #expect(rows.sorted() == Array(1...91))
  }

  @Test func `has a test for each row`() throws {
    var rows: Set<Int> = []
    let files = try #require(FileManager.default.enumerator(atPath: Self.tests.path))
    for case let file as String in files where file.hasSuffix(".swift") {
      let text = try String(contentsOf: Self.tests.appendingPathComponent(file), encoding: .utf8)
      for match in text.matches(of: /func\s+`Saver rows? ([0-9, ]+):/) {
        rows.formUnion(Self.rows(match.1))
      }
    }
    #expect(Set(1...91).subtracting(rows).sorted() == [])
  }
}

/// A value of the program's own, stored as minutes and seconds.
private final class Countdown: TensorVariable {
  var seconds: Int64
  init(seconds: Int64) { self.seconds = seconds }

  var tensorSpec: TensorSpec { TensorSpec(.int64, [2]) }

  func withTensorBytes<Result>(
    _ body: (RawSpan) throws(CheckpointError) -> Result
  ) throws(CheckpointError) -> Result {
    try Tensor<Int64>([seconds / 60, seconds % 60]).withTensorBytes(body)
  }

  func setTensor(_ tensor: AnyTensor) throws(CheckpointError) {
    let parts = try Tensor<Int64>(tensor).array
    seconds = parts[0] * 60 + parts[1]
  }
}

/// The functions of TensorFlow's module, beside the class.
@Suite struct SaverModuleTests {
  private let directory: TemporaryDirectory
  init() throws { directory = try TemporaryDirectory() }

  private func state(_ text: String) throws -> Result<CheckpointDirectory.State?, CheckpointError> {
    try directory.write(text.utf8, to: "checkpoint")
    do throws(CheckpointError) {
      return .success(try CheckpointDirectory.State.read(from: directory.path))
    } catch {
      return .failure(error)
    }
  }

  @Test func `Saver row 1: reads a state file; there may be none, but no other`() throws {
    #expect(try CheckpointDirectory.State.read(from: directory.path) == nil)
    let text = "model_checkpoint_path: \"m-2\"\nall_model_checkpoint_paths: \"/x/m-1\"\n"
    #expect(
      try state(text).get()?.all == ["/x/m-1", directory.path("m-2")]
    )
    for text in ["", "garbage", "all_model_checkpoint_paths: \"m\"", "model_checkpoint_path: \"\""]
    {
      guard case .failure(let error) = try state(text) else {
        Issue.record("'\(text)' was read")
        continue
      }
      #expect(error.code == .corrupt && error.file == directory.path("checkpoint"))
    }
  }

  @Test func `Saver row 2: writes a state file, but not over a checkpoint`() throws {
    let path = directory.path("m-1")
    try CheckpointDirectory.State(latest: path).write(to: directory.path)
    #expect(String(decoding: try directory.bytes("checkpoint"), as: UTF8.self).contains("\"m-1\""))
    try CheckpointDirectory.State(latest: path)
      .write(to: directory.path, filename: "other", relativePaths: false)
    #expect(String(decoding: try directory.bytes("other"), as: UTF8.self).contains("\"\(path)\""))
    #expect(
      try CheckpointDirectory.State.read(from: directory.path, filename: "other")?.latest == path)
    for name in ["m-1", "m-1.index"] {
      let error = #expect(throws: CheckpointError.self) {
        try CheckpointDirectory.State(latest: path).write(to: directory.path, filename: name)
      }
      #expect(error?.code == .pathConflict)
    }
  }

  @Test func `Saver row 3: lists the newest last, and counts times`() throws {
    let paths = ["a", "b"]
    #expect(try CheckpointDirectory.State(latest: "c", all: paths).all == ["a", "b", "c"])
    #expect(try CheckpointDirectory.State(latest: "b", all: paths).all == ["a", "b"])
    #expect(
      try CheckpointDirectory.State(latest: "c", all: paths, timestamps: [1, 2, 3]).timestamps.count
        == 3
    )
    let error = #expect(throws: CheckpointError.self) {
      try CheckpointDirectory.State(latest: "c", all: paths, timestamps: [1, 2])
    }
    #expect(error?.code == .invalidArgument)
  }

  @Test func `Saver rows 4, 5: finds the newest, and tells formats by the files`() throws {
    let saver = try Saver(["w": Variable<Float>(1)])
    let path = try saver.save(to: directory.path("m"), step: 1)
    #expect(try CheckpointDirectory(directory.path).latest() == path)
    #expect(try CheckpointReader.format(at: path) == .v2)
    var options = SaveOptions()
    options.format = .v1
    let one = try Saver(["w": Variable<Float>(1)], options: options).save(to: directory.path("v"))
    options.sharding = .count(2)
    let pair: [String: any TensorVariable] = ["w": Variable<Float>(1), "v": Variable<Float>(1)]
    let two = try Saver(pair, options: options).save(to: directory.path("s"))
    #expect(try CheckpointReader.format(at: one) == .v1)
    #expect(try CheckpointReader.format(at: two) == .v1)
    // A directory is none, and question marks that stand for nothing are characters.
    for other in [directory.path, "\(path).index", directory.path("m-?"), directory.path("?")] {
      #expect(try CheckpointReader.format(at: other) == nil, "\(other)")
    }
  }

  @Test func `Saver row 6: gives the times of checkpoints by their paths`() throws {
    let path = try Saver(["w": Variable<Float>(1)]).save(to: directory.path("m"))
    var options = SaveOptions()
    options.format = .v1
    let old = try Saver(["w": Variable<Float>(1)], options: options).save(to: directory.path("v"))
    options.sharding = .count(1)
    let sharded = try Saver(["w": Variable<Float>(1)], options: options)
      .save(to: directory.path("s"))
    for (name, time) in [("m.index", 1e9), ("v", 2e9), ("s-00000-of-00001", 1.5e9)] {
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSince1970: time)],
        ofItemAtPath: directory.path(name)
      )
    }
    let times = try CheckpointDirectory.Files.modificationTimes(
      of: [directory.path("none"), path, old, sharded, directory.path]
    )
    #expect(times == [path: 1e9, old: 2e9, sharded: 1.5e9])
  }

  @Test func `Saver row 7: removes a checkpoint, index first, and nothing else`() throws {
    let saver = try Saver(["w": Variable<Float>(1)])
    let path = try saver.save(to: directory.path("m"), step: 1)
    try saver.save(to: directory.path("m"), step: 10)
    let system = InterceptingFileSystem()
    var options = SaveOptions()
    options.fileSystem = system
    try CheckpointDirectory.Files(of: path, options: options.files).remove()
    #expect(
      system.calls.filter { $0.kind == .remove }.map { Path($0.path).name }
        == ["m-1.index", "m-1.data-00000-of-00001"]
    )
    #expect(directory.names == ["checkpoint", "m-10.data-00000-of-00001", "m-10.index"])
    try CheckpointDirectory.Files(of: path).remove()  // gone already: no error
  }
}
