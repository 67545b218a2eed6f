import CheckpointPlans
import CheckpointStore
import CheckpointGraph
import CheckpointBundle
import CheckpointIO
import CheckpointSafetensors
import CheckpointSlices
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Foundation
import Testing

/// Proves that a save writes through no link, empties nobody's file, and waits for no pipe: where
/// something that is not ours has a name that it needs, it says so, and touches nothing.
@Suite struct ForeignFileTests {
  /// What may have the name.
  enum Thing: String, CaseIterable, Sendable {
    case file, secondName, link, lostLink, loop, pipe, directory

    /// Puts it there; `outside` is a file that it may lead to.
    func put(at path: String, leadingTo outside: String) throws {
      let manager = FileManager.default
      switch self {
      case .file: try Data("My thesis".utf8).write(to: URL(fileURLWithPath: path))
      case .secondName: try manager.linkItem(atPath: outside, toPath: path)
      case .link: try manager.createSymbolicLink(atPath: path, withDestinationPath: outside)
      case .lostLink:
        try manager.createSymbolicLink(atPath: path, withDestinationPath: outside + ".new")
      case .loop: try manager.createSymbolicLink(atPath: path, withDestinationPath: path)
      case .pipe:
        let made = unsafe mkfifo(path, 0o600)
        try #require(made == 0)
      case .directory:
        try manager.createDirectory(atPath: path, withIntermediateDirectories: false)
      }
    }
  }

  /// A way to save to `m` in a directory, and the names of the files that it needs besides its own.
  enum Way: String, CaseIterable, Sendable {
    case bundle, v1, shardedV1, safetensors, saver, manager, state, renaming, removal

    var names: [String] {
      let (lock, temporary) = (".swift-checkpoints-lock", ".swift-checkpoints-tmp")
      let bundle = ["m" + lock, "m.index" + temporary, "m.data-00000-of-00001" + temporary]
      let state = ["checkpoint", "checkpoint" + lock, "checkpoint" + temporary]
      switch self {
      case .bundle: return bundle
      case .v1: return ["m" + lock, "m" + temporary]
      case .shardedV1: return ["m" + lock, "m-00001-of-00002" + temporary]
      case .safetensors: return ["m.safetensors" + lock, "m.safetensors" + temporary]
      case .saver: return bundle + state
      case .state: return state
      case .renaming: return ["old" + lock, "old.index" + temporary]
      case .removal: return ["old" + lock]
      case .manager:
        let history = "m.history.json"
        let checkpoint = bundle.map { "m-1" + $0.dropFirst() }
        return state + checkpoint + [history, history + lock, history + temporary]
      }
    }

    /// What has to be there before.
    func prepare(_ directory: TemporaryDirectory) throws {
      guard self == .renaming || self == .removal else { return }
      try Self.save(to: directory.path("old"))
    }

    func run(_ directory: TemporaryDirectory) throws {
      let variable = Variable<Float>([1, 2])
      switch self {
      case .bundle: try Self.save(to: directory.path("m"))
      case .v1:
        var writer = try SlicesWriter(path: directory.path("m"))
        try writer.add(Tensor<Float>([1]), for: "w", part: nil)
        try writer.finish()
      case .shardedV1:
        var writer = try SlicesWriter(prefix: directory.path("m"), shardCount: 2)
        try writer.add(Tensor<Float>([1]), for: "w", part: nil)
        try writer.finish()
      case .safetensors:
        var writer = try SafetensorsWriter(directory.path("m.safetensors"))
        try writer.add(Tensor<Float>([1]), for: "w")
        try writer.finish()
      case .saver: try Saver(["w": variable]).save(to: directory.path("m"))
      case .manager:
        try CheckpointManager(
          Checkpoint(["w": variable]), directory: directory.path, name: "m", retention: .latest(3)
        )
        .save()
      case .state:
        try CheckpointDirectory.State(latest: directory.path("m")).write(to: directory.path)
      case .renaming: try BundleRenamer.rename(["w": "v"], in: directory.path("old"))
      case .removal: try CheckpointDirectory.Files(of: directory.path("old")).remove()
      }
    }

    private static func save(to prefix: String) throws {
      var writer = try BundleWriter(prefix: prefix)
      try writer.add(Tensor<Float>([1]), for: "w")
      try writer.finish()
    }
  }

  private struct Entry: Equatable {
    var kind: String
    var content: [UInt8]?
    var destination: String?
    var mode: Int
  }

  // Everything in a directory, nothing followed.
  private func entries(_ directory: TemporaryDirectory) throws -> [String: Entry] {
    let manager = FileManager.default
    var entries: [String: Entry] = [:]
    for name in try manager.contentsOfDirectory(atPath: directory.path) {
      let attributes = try manager.attributesOfItem(atPath: directory.path(name))
      let kind = try #require(attributes[.type] as? FileAttributeType)
      entries[name] = Entry(
        kind: kind.rawValue, content: kind == .typeRegular ? try directory.bytes(name) : nil,
        destination: try? manager.destinationOfSymbolicLink(atPath: directory.path(name)),
        mode: (attributes[.posixPermissions] as? Int) ?? 0)
    }
    return entries
  }

  @Test(.timeLimit(.minutes(20)), arguments: Way.allCases, Thing.allCases)
  func `says whose name it needs, and touches nothing`(way: Way, thing: Thing) throws {
    for name in way.names {
      let what = "\(way): \(thing) at \(name)"
      let directory = try TemporaryDirectory("foreign")
      let outside = try TemporaryDirectory("outside")
      try outside.write("Do not touch".utf8, to: "file")
      try way.prepare(directory)
      try thing.put(at: directory.path(name), leadingTo: outside.path("file"))
      let before = try entries(directory)
      if way == .manager, name.hasPrefix("m-1.") {  // it takes the next number
        try way.run(directory)
        let after = try entries(directory)
        for (name, entry) in before { #expect(after[name] == entry, "\(what): \(name)") }
        continue
      }
      let error = #expect(throws: CheckpointError.self, "\(what)") { try way.run(directory) }
      #expect(error?.code == .pathConflict, "\(what): \(error?.description ?? "")")
      #expect(error?.file == directory.path(name), "\(what): \(error?.description ?? "")")
      #expect(error?.message.contains("rename or remove it") == true, "\(what)")
      let after = try entries(directory)
      for (name, entry) in before { #expect(after[name] == entry, "\(what): \(name)") }
      // A manager has noted the save; and a checkpoint is complete before the state file is written.
      let isLate = name.hasPrefix("checkpoint.") && way != .state
      if !isLate {
        let new = Set(after.keys).subtracting(before.keys).subtracting(["m.history.json"])
        #expect(new.isEmpty, "\(what): \(new)")
      }
      #expect(try outside.bytes("file") == Array("Do not touch".utf8), "\(what)")
      #expect(outside.names == ["file"], "\(what)")

      try FileManager.default.removeItem(atPath: directory.path(name))
      try way.run(directory)
      let litter = directory.names.filter { $0.contains("swift-checkpoints") }
      #expect(litter.isEmpty, "\(what): \(litter)")
    }
  }

  @Test func `reads state files through links`() throws {
    let directory = try TemporaryDirectory()
    let outside = try TemporaryDirectory()
    try outside.write("model_checkpoint_path: \"m-1\"".utf8, to: "state")
    try FileManager.default.createSymbolicLink(
      atPath: directory.path("checkpoint"), withDestinationPath: outside.path("state"))
    #expect(
      try CheckpointDirectory.State.read(from: directory.path)?.latest == directory.path("m-1"))
  }

  // As a power cut leaves it, or a bad disk: it is ours, and in nobody's way.
  @Test(arguments: [
    "", "\0\0\0\0", "model_check", "model_checkpoint_path: \"m", "model_checkpoint\0\0",
    "model_checkpoint_path: \"m-1\"\nall_model_checkpo#nt_paths: \"m-1\"\n",
    "# by hand\nmodel_checkpoint_path: \"m-1\"\n",
  ])
  func `replaces a state file that was cut short or damaged`(text: String) throws {
    let directory = try TemporaryDirectory()
    try directory.write(text.utf8, to: "checkpoint")
    try Saver(["w": Variable<Float>([1])]).save(to: directory.path("m"))
    #expect(try CheckpointDirectory(directory.path).latest() == directory.path("m"))
  }

  @Test(arguments: ["", "\0\0\0", "{", "{\n  \"crc3", "{\n  \"crc32c\" : \"00\", \"hist"])
  func `replaces a history that was cut short or damaged`(text: String) throws {
    let directory = try TemporaryDirectory()
    try directory.write(text.utf8, to: "m.history.json")
    try Way.manager.run(directory)
    #expect(try directory.bytes("m.history.json").count > 100)
  }

  // MARK: What lies in a directory

  @Test(arguments: Thing.allCases)
  func `one odd name keeps nobody from the rest of a directory`(thing: Thing) throws {
    let directory = try TemporaryDirectory("odd")
    let outside = try TemporaryDirectory("outside")
    try outside.write("Do not touch".utf8, to: "file")
    let weights = Variable<Float>([1, 2])
    func manager() throws -> CheckpointManager {
      try CheckpointManager(
        Checkpoint(["w": weights]), directory: directory.path, retention: .latest(3))
    }
    try manager().save()
    for name in [
      "ckpt-5.index", "ckpt-6.data-00000-of-00001", "ckpt-7.swift-checkpoints-lock",
      "ckpt-8.index.swift-checkpoints-tmp", "ckpt-9", "notes",
    ] { try thing.put(at: directory.path(name), leadingTo: outside.path("file")) }
    #expect(try CheckpointDirectory(directory.path).prefixes().contains(directory.path("ckpt-1")))
    let audit = try CheckpointDirectory.Audit(of: directory.path)
    #expect(audit.files.filter { $0.kind == .complete }.count == 2)
    try audit.repair()
    let restored = try manager().restoreOrInitialize()
    #expect(restored?.path == directory.path("ckpt-1"))
    try FileManager.default.removeItem(atPath: directory.path("checkpoint"))
    if [.lostLink, .loop, .pipe, .directory].contains(thing) {
      #expect(try CheckpointLocation(directory.path).path == directory.path("ckpt-1"))
    }
    try manager().save()
    #expect(try outside.bytes("file") == Array("Do not touch".utf8))
  }

  @Test(
    arguments: ["checkpoint", "ckpt.history.json"], [Thing.directory, .pipe, .loop, .lostLink])
  func `a manager restores what there is without its records`(name: String, thing: Thing) throws {
    let directory = try TemporaryDirectory("records")
    let weights = Variable<Float>([1, 2])
    func manager() throws -> CheckpointManager {
      try CheckpointManager(
        Checkpoint(["w": weights]), directory: directory.path, retention: .latest(3))
    }
    try manager().save()
    try FileManager.default.removeItem(atPath: directory.path(name))
    try thing.put(at: directory.path(name), leadingTo: directory.path("nothing"))
    weights.value = Tensor([0, 0])
    let again = try manager()
    #expect(try again.restoreOrInitialize()?.path == directory.path("ckpt-1"))
    #expect(weights.value.array == [1, 2])
    let error = #expect(throws: CheckpointError.self) { try again.save() }
    #expect(error?.code == .pathConflict)
    #expect(error?.file == directory.path(name))
    #expect(!directory.names.contains { $0.hasPrefix("ckpt-2") })
    let audit = try CheckpointDirectory.Audit(of: directory.path)
    #expect(audit.files.first { $0.name == name }?.kind == .foreign)
    try FileManager.default.removeItem(atPath: directory.path(name))
    try again.save()
  }

  // MARK: Other users

  private static let otherUser = "65534"
  private static let mayBeOther =
    geteuid() == 0 && FileManager.default.isExecutableFile(atPath: "/usr/bin/setpriv")

  @Test(.enabled(if: mayBeOther, "only root can be somebody else"))
  func `says whose a lock file is that it cannot open, and what to do`() throws {
    let directory = try TemporaryDirectory("others")
    try directory.write([], to: "model.swift-checkpoints-lock")
    for (path, mode) in [
      (directory.path("model.swift-checkpoints-lock"), 0o644), (directory.path, 0o777),
    ] {
      try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    }
    let program = ChildProcess.products.appendingPathComponent("crashing-saver").path
    let outcome = try ChildProcess.run(
      "/usr/bin/setpriv",
      ["--reuid", Self.otherUser, "--clear-groups", program] + [
        directory.path("model"), "1", "1", "bundle", "\(Int.max)",
      ])
    #expect(outcome.status != 0)
    let place = "\(directory.path("model")).swift-checkpoints-lock: open: Permission denied; "
    #expect(outcome.errors.contains(place), "\(outcome.errors)")
    #expect(
      outcome.errors.contains(
        "this lock file belongs to the user 0: if no program of theirs is saving here, remove it"),
      "\(outcome.errors)")
    #expect(directory.names == ["model.swift-checkpoints-lock"])
  }

  @Test(.enabled(if: mayBeOther, "only root can give files away"))
  func `takes no file of one user for the leftovers of another`() throws {
    let directory = try TemporaryDirectory("others")
    let temporary = "m.index.swift-checkpoints-tmp"
    try directory.write([7], to: temporary)
    try FileManager.default.setAttributes(
      [.ownerAccountID: 65_534], ofItemAtPath: directory.path(temporary))
    try directory.write(
      "swift-checkpoints save\nwrites .index\nend\n".utf8, to: "m.swift-checkpoints-lock")
    let error = #expect(throws: CheckpointError.self) { try Way.bundle.run(directory) }
    #expect(error?.code == .pathConflict)
    #expect(error?.file == directory.path(temporary))
    #expect(try directory.bytes(temporary) == [7])
  }

  // MARK: Missing directories

  @Test func `saves beside what has a data file's name and is none`() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path("m")
    let w = Variable<Float>([1])
    let saver = try Saver(["w": w])
    try saver.save(to: path)
    let strange = path + ".data-00000-of-00009"
    try FileManager.default.createDirectory(atPath: strange, withIntermediateDirectories: false)
    for value in [2, 3, 4] as [Float] {
      w.value = Tensor([value])
      try saver.save(to: path)
      w.value = Tensor([0])
      try saver.restore(from: path)
      #expect(w.value.array == [value])
    }
    #expect(FileManager.default.fileExists(atPath: strange))
    #expect(!directory.names.contains { $0.hasSuffix("-lock") })
  }

  @Test func `names the directory that is missing`() throws {
    let directory = try TemporaryDirectory()
    try directory.write([1], to: "file")
    var options = SaveOptions()
    options.createsDirectories = false
    for (parent, what) in [
      ("none", "there is no such directory; create it, or let saving create directories"),
      ("file", "this is a regular file, and no directory; choose another path"),
    ] {
      let place = directory.path(parent)
      let ways: [() throws -> Void] = [
        { _ = try BundleWriter(prefix: place + "/m", options: options.files) },
        { _ = try SlicesWriter(path: place + "/m", options: options.files) },
        { _ = try SlicesWriter(prefix: place + "/m", shardCount: 2, options: options.files) },
        { _ = try SafetensorsWriter(place + "/m", options: options.files) },
        {
          try CheckpointDirectory.State(latest: place + "/m").write(
            to: place, options: options.files)
        },
        {
          let checkpoint = try Checkpoint(["w": Variable<Float>([1])], options: options)
          try CheckpointManager(checkpoint, directory: place, retention: .latest(3)).save()
        },
      ]
      // A manager looks into the directory before.
      for (number, way) in ways.enumerated() where parent == "none" || number < 5 {
        let error = #expect(throws: CheckpointError.self, "\(number)") { try way() }
        #expect(error?.description == "\(place): \(what) (io)", "\(number)")
      }
    }
    #expect(directory.names == ["file"])
  }
}
