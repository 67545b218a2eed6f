import CheckpointIO
import CheckpointTestSupport
import Testing

/// Proves what a lock file says, and what it is taken for when it does not say that.
@Suite struct SaveNoteTests {
  static let note: SaveNote = {
    var dataFiles = SaveNote.DataFiles(newCount: 2, replacedCounts: [1, 3])
    dataFiles.keepsNew = true
    return .bundle(dataFiles)
  }()

  @Test func `is text that a person can read`() {
    #expect(
      String(decoding: Self.note.bytes, as: UTF8.self) == """
        swift-checkpoints save
        writes .data-?????-of-00002
        writes .index
        keeps 2
        replaces 1 3
        end

        """)
    #expect(
      String(decoding: SaveNote.file.bytes, as: UTF8.self)
        == "swift-checkpoints save\nwrites\nend\n")
  }

  @Test func `is read as it was written`() {
    for note in [
      Self.note, .file, .index, .removal(ofDataFiles: 7), .slices(count: 2),
      .slices(count: 100_000).naming,
      .model(files: ["-00001-of-00002.safetensors"], superfluous: ["e\u{301}", "a\r"]),
    ] {
      #expect(SaveNote(note.bytes) == note)
    }
  }

  @Test(arguments: [
    "writes .index\u{0}\u{0}\nend\n", "writesX.index\nend\n",
    "writes .index\nnew 02\nreplaces 1\nend\n",
    "writes .index\nnew 2\nreplaces  1\nend\n", "model\nend\n\u{0}", "writes \nend\n",
  ])
  func `is none if no save has written it so`(lines: String) {
    #expect(SaveNote(Array("swift-checkpoints save\n\(lines)".utf8)) == nil)
  }

  @Test func `has a limit, so that whoever reads it can have one`() throws {
    let system = MemoryFileSystem(MemoryFileSystem.Image())
    let lock = try #require(try SaveLock("/run/model", fileSystem: system))
    let names = (0..<70_000).map { "-\($0)-of-70000.safetensors" }
    let error = #expect(throws: CheckpointError.self) {
      try lock.setNote(.model(files: names, superfluous: []), isDurable: true)
    }
    #expect(error?.code == .limitExceeded && error?.file == "/run/model")
    #expect(error?.message.contains("70000 files, more than can be noted") == true)
  }

  @Test func `of an earlier version lists the files that its saves wrote`() {
    let note = SaveNote(Array("swift-checkpoints save\nnew 2\nreplaces 1\n".utf8))
    #expect(note == .bundle(SaveNote.DataFiles(newCount: 2, replacedCounts: [1])))
  }

  @Test func `cut short anywhere is the beginning of one, and no other`() {
    let bytes = Self.note.bytes
    for count in 0..<bytes.count {
      let torn = Array(bytes.prefix(count))
      #expect(SaveNote(torn) == nil, "\(count)")
      #expect(SaveNote.mayHaveBegun(torn), "\(count)")
      let padded = torn + Array(repeating: 0, count: bytes.count - count)
      #expect(SaveNote(padded) == nil && SaveNote.mayHaveBegun(padded), "\(count)")
    }
  }

  @Test(arguments: ["My thesis", " swift-checkpoints save", "swift-checkpoints tmp", "\0x"])
  func `is not begun by anything else`(text: String) {
    #expect(!SaveNote.mayHaveBegun(Array(text.utf8)))
  }

  @Test(arguments: [
    ("m", "m", ""), ("m.index", "m", ".index"), ("m.index", "m.index", ""),
    ("m.data-00001-of-00002", "m", ".data-?????-of-00002"),
    ("m.data-123456-of-123457", "m", ".data-?????-of-123457"),
    ("m-00001-of-00002", "m", "-?????-of-00002"), ("m-00002-of-00002", "m", nil),
    ("n-00001-of-00002", "m", nil), ("m-00001-of-00002", "m-00001-of-00002", ""),
    ("m.data-000001-of-00002", "m", nil), ("m.meta", "m", nil), ("m.index.index", "m", nil),
    ("mm.index", "m", nil), ("m.x.data-00000-of-00001", "m", nil), ("n.index", "m", nil),
    ("e\u{301}.index", "\u{E9}", nil), ("", "m", nil),
  ])
  func `lists files by what follows the target's name`(file: String, target: String, rest: String?)
  {
    #expect(TemporaryName.guarded(file, by: target) == rest)
  }
}
