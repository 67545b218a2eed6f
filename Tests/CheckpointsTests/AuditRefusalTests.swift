import CheckpointIO
import CheckpointSlices
import CheckpointStore
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Foundation
import Testing

/// Proves that an audit tells everything else where the system refuses to read a file, and that a repair leaves
/// alone what depends on that file.
@Suite struct AuditRefusalTests {
  private let system = MemoryFileSystem()

  /// A file system that opens no file of these names.
  private func refusing(_ names: String...) -> InterceptingFileSystem {
    InterceptingFileSystem(system) { _, call throws(CheckpointError) in
      guard call.kind == .open || call.kind == .lock, names.contains(Path(call.path).name) else {
        return
      }
      throw .system("open", errno: EACCES, file: call.path)
    }
  }

  private func audit(_ system: any FileSystem) throws -> CheckpointDirectory.Audit {
    try CheckpointDirectory.Audit(of: "/run", fileSystem: system)
  }

  private func kinds(_ system: any FileSystem) throws -> [String: CheckpointDirectory.AuditedFile
    .Kind]
  {
    Dictionary(uniqueKeysWithValues: try audit(system).files.map { ($0.name, $0.kind) })
  }

  /// Three checkpoints, and a file of somebody else.
  private func prepare() throws {
    let run = try ManagerRun(system, .latest(3))
    for value in 1...3 { try run.save(Float(value)) }
    try system.write("what", to: "/run/notes.txt")
  }

  private func loseState() throws {
    try system.write("model_checkpoint_path: \"ckpt-7\"\n", to: "/run/checkpoint")
  }

  private static let bundle: Set = ["ckpt-2.index", "ckpt-2.data-00000-of-00001"]

  @Test(
    arguments: [
      ("notes.txt", ["notes.txt"]), ("ckpt-2.index", bundle),
      ("ckpt-2.data-00000-of-00001", bundle), ("checkpoint", ["checkpoint"]),
      ("ckpt.history.json", ["ckpt.history.json"]),
    ] as [(String, Set<String>)])
  func `tells all other files as ever, and why this one is not known`(
    name: String, unread: Set<String>
  ) throws {
    try prepare()
    var expected = try kinds(system)
    for name in unread { expected[name] = .unread }
    let refusing = refusing(name)
    #expect(try kinds(refusing) == expected)
    let audit = try audit(refusing)
    #expect(audit.name == "ckpt")
    #expect(audit.problems.map(\.file) == ["/run/\(name)"])
    #expect(audit.problems.map(\.systemError) == [EACCES])
    let notes = audit.files.filter { $0.kind == .unread }.map(\.note)
    #expect(Set(notes) == [audit.problems.first?.description])
  }

  @Test func `tells the rest if even a look at a file fails`() throws {
    try prepare()
    let failing = InterceptingFileSystem(system) { _, call throws(CheckpointError) in
      guard call.path == "/run/ckpt-2.index" else { return }
      throw .system("injected failure of \(call.kind)", errno: EIO, file: call.path)
    }
    let audit = try audit(failing)
    #expect(Set(audit.files.filter { $0.kind == .unread }.map(\.name)) == Self.bundle)
    #expect(audit.files.count { $0.kind == .complete } == 4)
    #expect(audit.problems.map(\.systemError) == [EIO])
  }

  @Test func `a directory that cannot be listed is an error`() throws {
    try prepare()
    let failing = InterceptingFileSystem(system) { _, call throws(CheckpointError) in
      guard call.kind == .list else { return }
      throw .system("list", errno: EACCES, file: call.path)
    }
    let error = #expect(throws: CheckpointError.self) { try audit(failing) }
    #expect(error?.systemError == EACCES && error?.file == "/run")
  }

  // MARK: Repair

  @Test(arguments: [
    "ckpt-2.index", "ckpt-3.data-00000-of-00001", "checkpoint", "ckpt.history.json",
  ])
  func `a repair changes nothing that depends on what cannot be read`(name: String) throws {
    try prepare()
    try loseState()
    let before = system.image.files
    #expect(try audit(refusing(name)).repair() == [])
    #expect(system.image.files == before)
    #expect(try audit(system).repair() == ["rebuilt checkpoint"])
  }

  @Test func `a stranger's file keeps nobody from rebuilding the state file`() throws {
    try prepare()
    try loseState()
    #expect(try audit(refusing("notes.txt")).repair() == ["rebuilt checkpoint"])
    #expect(
      try CheckpointDirectory.State.read(from: "/run", in: system)?.latest == "/run/ckpt-3")
  }

  @Test func `a file that may be a newer V1 checkpoint keeps the state file`() throws {
    try system.createDirectory("/run")
    for name in ["m-3", "m-12"] {
      var options = FileOptions()
      options.fileSystem = system
      var writer = try SlicesWriter(path: "/run/\(name)", options: options)
      try writer.add(Tensor<Float>(1), for: "w")
      try writer.finish()
    }
    try loseState()
    #expect(try kinds(refusing("m-12"))["m-12"] == .unread)
    #expect(try audit(refusing("m-12")).repair() == [])
    #expect(try audit(system).repair() == ["rebuilt checkpoint"])
  }

  @Test func `a state file that leads elsewhere stays if nobody can say what is there`() throws {
    try prepare()
    try system.createDirectory("/other")
    for name in ["m-7.index", "m-7.data-00000-of-00001"] {
      try system.copy("/run/\(name.replacing("m-7", with: "ckpt-1"))", to: "/other/\(name)")
    }
    let text = "model_checkpoint_path: \"/other/m-7\"\n"
    try system.write(text, to: "/run/checkpoint")
    #expect(try kinds(system)["checkpoint"] == .record)
    let refusing = refusing("m-7.index")
    #expect(try kinds(refusing)["checkpoint"] == .unread)
    #expect(try audit(refusing).problems.map(\.file) == ["/other/m-7.index"])
    #expect(try audit(refusing).repair() == [])
    #expect(system.text("/run/checkpoint") == text)
  }

  @Test func `a lock that cannot be read makes nothing an orphan or a leftover`() throws {
    try prepare()
    let (data, lock) = ("ckpt-9.data-00000-of-00001", "ckpt-9.swift-checkpoints-lock")
    try system.write("what", to: "/run/\(data)")
    try system.write("swift-checkpoints save\nnew 1\nreplaces\n", to: "/run/\(lock)")
    let before = system.image.files
    let kinds = try kinds(refusing(lock))
    #expect(kinds[data] == .unread)
    #expect(kinds[lock] == .unread)
    #expect(try audit(refusing(lock)).repair() == [])
    #expect(system.image.files == before)
  }

  @Test func `an index that cannot be read may say that the parts are all`() throws {
    try system.createDirectory("/run")
    let (part, index) = ("model-00001-of-00002.safetensors", "model.safetensors.index.json")
    try system.write("what", to: "/run/\(part)")
    try system.write("{}", to: "/run/\(index)")
    #expect(try kinds(system)[part] == .torn)
    #expect(try kinds(refusing(index)) == [part: .unread, index: .unread])
  }
}
