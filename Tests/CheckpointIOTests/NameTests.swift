import CheckpointIO
import CheckpointTestSupport
import Testing

/// What names of files say, and what paths are made of.
@Suite struct NameTests {
  @Test(arguments: [
    ("run/ckpt", "run", "ckpt"), ("ckpt", ".", "ckpt"), ("/ckpt", "/", "ckpt"), ("/", "/", ""),
    ("", ".", ""), ("a/b/", "a/b", ""), ("a//b", "a/", "b"), ("./m", ".", "m"), ("../m", "..", "m"),
    ("é/日", "é", "日"),
  ])
  func `a path is split at its last slash`(path: String, directory: String, name: String) {
    #expect(Path(path).directory == directory && Path(path).name == name)
    #expect(Path.isAbsolute(path) == path.hasPrefix("/"))
  }

  @Test func `a path is joined as it was`() {
    for path in ["run/ckpt", "ckpt", "/ckpt", "a/b/c", "../m"] {
      let parts = Path(path)
      #expect(Path.join(parts.directory, parts.name) == path)
    }
    #expect(Path.join("", "m") == "m" && Path.join("a/", "m") == "a/m")
  }

  @Test(arguments: [
    ("m.data-00000-of-00001", "m", 0, 1), ("m.data-00012-of-00100", "m", 12, 100),
    (".data-00000-of-00001", "", 0, 1), ("m.data-100000-of-100001", "m", 100_000, 100_001),
    ("m.data-x.data-00001-of-00002", "m.data-x", 1, 2),
  ])
  func `a data file's name is taken apart and put together`(
    text: String, prefix: String, shard: Int, count: Int
  ) throws {
    let name = try #require(DataFileName(text))
    #expect(name == DataFileName(prefix: prefix, shard: shard, count: count))
    #expect(name.text == text)
  }

  @Test(arguments: [
    "", "m", "m.index", "m.data-0-of-1", "m.data-0000-of-00001", "m.data-00000-of-0001",
    "m.data-00000-of-00001x", "m.data-00000-00001", "m.data-00000-in-00001",
    "m.data--00000-of-00001",
    "m.data-+0000-of-00001", "m.data-٠٠٠٠٠-of-00001", "m-00000-of-00001", "m.data-00000-of-",
    "m.data-99999999999999999999-of-00001", "m.data-00000-of-00001.swift-checkpoints-tmp",
  ])
  func `other names are no data file's`(text: String) {
    #expect(DataFileName(text) == nil)
  }

  @Test func `patterns stand for all data files of a count`() {
    #expect(DataFileName(prefix: "m", shard: 3, count: 12).pattern == "m.data-?????-of-00012")
  }

  @Test func `temporary names lead back to what they are for`() {
    for path in ["run/ckpt-7.index", "m", "a.swift-checkpoints-tmp", "é"] {
      #expect(TemporaryName.target(ofTemporary: TemporaryName.temporary(for: path)) == path)
      #expect(TemporaryName.target(ofLock: TemporaryName.lock(for: path)) == path)
      #expect(TemporaryName.target(ofLock: TemporaryName.temporary(for: path)) == nil)
      #expect(TemporaryName.target(ofTemporary: TemporaryName.lock(for: path)) == nil)
    }
    for name in ["", "m", ".swift-checkpoints-tmp", "m.swift-checkpoints-tmp2", "m.tmp"] {
      #expect(TemporaryName.target(ofTemporary: name) == nil)
    }
    #expect(TemporaryName.target(ofLock: ".swift-checkpoints-lock") == nil)
  }

  @Test func `names are compared byte by byte`() {
    let (composed, decomposed) = (FileName("\u{E9}"), FileName("e\u{301}"))
    #expect(composed != decomposed && Set([composed, decomposed]).count == 2)
    #expect(decomposed < composed && !(composed < decomposed))
    #expect(FileName("a") < FileName("ab") && FileName("Z") < FileName("a"))
  }

  // MARK: Leftovers

  // A lock file of a dead process, which lists what it was about to write.
  private func image(_ note: SaveNote, _ names: [String]) -> MemoryFileSystem.Image {
    var image = MemoryFileSystem.Image()
    for name in names { image.files["/run/\(name)"] = [1] }
    image.files[TemporaryName.lock(for: "/run/m")] = note.bytes
    return image
  }

  private func left(_ image: MemoryFileSystem.Image) throws -> [String] {
    let system = MemoryFileSystem(image)
    let lock = try #require(try SaveLock("/run/m", fileSystem: system))
    let leftovers = try Leftovers(directory: "/run", fileSystem: system)
    let found = try leftovers.files(of: lock).map(\.text)
    try leftovers.removeFiles(of: lock)
    let gone = Set(image.files.keys).subtracting(system.paths)
    #expect(gone == Set(found.map { "/run/\($0)" }))
    return found
  }

  private static let names = [
    "m", "m.swift-checkpoints-tmp", "m.index", "m.index.swift-checkpoints-tmp",
    "m.data-00000-of-00002", "m.data-00000-of-00002.swift-checkpoints-tmp",
    "m.data-00001-of-00002.swift-checkpoints-tmp", "m.data-00000-of-00003.swift-checkpoints-tmp",
    "mm.index.swift-checkpoints-tmp", "n.swift-checkpoints-tmp", "m.txt.swift-checkpoints-tmp",
    "m.index.swift-checkpoints-tmp.swift-checkpoints-tmp",
  ]

  @Test func `only temporary files that the note lists are left over`() throws {
    #expect(try left(image(.file, Self.names)) == ["m.swift-checkpoints-tmp"])
    #expect(try left(image(.index, Self.names)) == ["m.index.swift-checkpoints-tmp"])
    let bundle = SaveNote.bundle(SaveNote.DataFiles(newCount: 2, replacedCounts: []))
    #expect(
      try left(image(bundle, Self.names)) == [
        "m.data-00000-of-00002.swift-checkpoints-tmp",
        "m.data-00001-of-00002.swift-checkpoints-tmp", "m.index.swift-checkpoints-tmp",
      ])
  }

  @Test func `files of a V1 checkpoint are left over while others wait for their names`() throws {
    let naming = SaveNote.slices(count: 2).naming
    let named = ["m-00000-of-00002", "m-00002-of-00002", "m-00000-of-00003", "n-00000-of-00002"]
    let waiting = "m-00001-of-00002.swift-checkpoints-tmp"
    #expect(try left(image(naming, named + [waiting])) == ["m-00000-of-00002", waiting])
    // Somebody else's: the save's own has not got its name.
    let own = "m-00000-of-00002.swift-checkpoints-tmp"
    #expect(try left(image(naming, named + [own, waiting])) == [own, waiting])
    // Somebody has written the checkpoint since: what waits for its name cannot have one.
    #expect(try left(image(naming, named + ["m-00001-of-00002", waiting])) == [waiting])
    // All have got their names, and somebody has taken some of them away.
    #expect(try left(image(naming, named)) == [])
    #expect(try left(image(.slices(count: 2), named + [waiting])) == [waiting])
  }

  @Test func `a file with two names is somebody's, whatever the note says`() throws {
    let system = MemoryFileSystem(image(.file, ["m.swift-checkpoints-tmp"]))
    #expect(try system.link("/run/m.swift-checkpoints-tmp", to: "/run/thesis"))
    let lock = try #require(try SaveLock("/run/m", fileSystem: system))
    let leftovers = try Leftovers(directory: "/run", fileSystem: system)
    #expect(try leftovers.files(of: lock).isEmpty)
  }

  @Test func `what a save to another target has left goes, while others are at work`() throws {
    var start = image(.file, Self.names)
    start.files[TemporaryName.lock(for: "/run/n")] = SaveNote.file.bytes
    let system = MemoryFileSystem(start)
    let atWork = try #require(try SaveLock("/run/m", fileSystem: system))
    try Leftovers(directory: "/run", fileSystem: system).removeAll { _, _, _ in }
    let gone = Set(start.files.keys).subtracting(system.paths)
    #expect(gone == ["/run/n.swift-checkpoints-tmp", TemporaryName.lock(for: "/run/n")])
    withExtendedLifetime(atWork) {}
  }

  // MARK: Torn text

  @Test func `text is begun by its beginning, cut anywhere and padded with zeros`() {
    let text = "swift"
    for count in 0...text.utf8.count {
      let torn = Array(text.utf8.prefix(count))
      #expect(TornText.mayBegin(torn, with: text))
      #expect(TornText.mayBegin(torn + [0, 0], with: text))
      #expect(!TornText.mayBegin(torn + [0, 1], with: text))
    }
    #expect(TornText.mayBegin(Array("swift and more".utf8), with: text))
    #expect(!TornText.mayBegin(Array("Swift".utf8), with: text))
    #expect(!TornText.mayBegin(Array("sw?".utf8), with: text))
  }
}
