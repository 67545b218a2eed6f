import CheckpointIO
import CheckpointStore
import CheckpointTestSupport
import Testing

/// Proves where the checkpoints of a state file are looked for that was written elsewhere.
@Suite struct StateFileLocationTests {
  private let directory: TemporaryDirectory

  init() throws {
    directory = try TemporaryDirectory("state")
    try LocalFileSystem().createDirectory(directory.path("run"))
    for name in ["run/m-50.index", "run/m-100.index", "outside.index"] {
      try directory.write("what".utf8, to: name)
    }
  }

  private func latest(_ recorded: String) throws -> String? {
    try directory.write("model_checkpoint_path: \"\(recorded)\"\n".utf8, to: "run/checkpoint")
    return try StateFile(in: directory.path("run")).readNewest()?.newest
  }

  @Test(arguments: [
    #"C:\\Users\\me\\run\\m-50"#, #"run\\m-50"#, "gs://bucket/run/m-50", "run/m-50",
    "/elsewhere/m-50",
    "/gone/../run/m-50", "./m-50", "m-50",
  ])
  func `takes the checkpoint of that name in its own directory`(recorded: String) throws {
    let latest = try latest(recorded)
    #expect(latest.map { Path($0).name } == "m-50")
    #expect(latest.map { Path($0).directory }?.hasPrefix(directory.path("run")) == true)
    #expect(try LocalFileSystem().hasCheckpoint(at: latest ?? ""))
  }

  @Test func `takes the checkpoint of a file`() throws {
    for file in ["m-50.index", "m-50.meta", "m-50.data-00000-of-00001"] {
      #expect(try latest(file) == directory.path("run/m-50"), "\(file)")
    }
    for file in ["v1-1-00000-of-00002", "v1-1-00001-of-00002"] {
      try directory.write("what".utf8, to: "run/\(file)")
      #expect(try latest(file) == directory.path("run/v1-1-?????-of-00002"), "\(file)")
    }
  }

  @Test func `takes what is where it says`() throws {
    #expect(try latest(directory.path("outside")) == directory.path("outside"))
    #expect(try latest("../outside") == directory.path("run/../outside"))
  }

  @Test func `leads nowhere if there is none of that name`() throws {
    let latest = try #require(try latest("elsewhere/outside"))
    #expect(latest == directory.path("run/elsewhere/outside"))
    #expect(try !LocalFileSystem().hasCheckpoint(at: latest))
    #expect(try self.latest("../gone/m-50") == directory.path("run/../gone/m-50"))
  }

  // A manager deletes what the list names, and nothing that only has the name of it.
  @Test func `takes the list at its word`() throws {
    try directory.write(
      #"""
      model_checkpoint_path: "m-100"
      all_model_checkpoint_paths: "/gone/m-50"
      all_model_checkpoint_paths: "C:\\run\\m-50"
      all_model_checkpoint_paths: "m-100"

      """#.utf8, to: "run/checkpoint")
    let state = try StateFile(in: directory.path("run")).read()
    #expect(
      state?.all == [
        "/gone/m-50", directory.path(#"run/C:\run\m-50"#), directory.path("run/m-100"),
      ])
  }

  @Test func `a name with a backslash is a name, if it is there`() throws {
    try directory.write("what".utf8, to: #"run/a\m-50.index"#)
    #expect(try latest(#"a\\m-50"#) == directory.path(#"run/a\m-50"#))
  }
}
