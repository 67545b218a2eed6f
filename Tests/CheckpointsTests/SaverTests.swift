import CheckpointStore
import CheckpointPlans
import CheckpointGraph
import CheckpointBundle
import CheckpointIO
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Foundation
import Testing

/// What a saver may be made of.
@Suite struct SaverConstructionTests {
  private func problem(_ body: () throws(CheckpointError) -> Void) -> String? {
    do throws(CheckpointError) {
      try body()
      return nil
    } catch {
      return error.description
    }
  }

  @Test func `Saver row 32: sorts variables by the bytes of their names`() throws {
    let names = ["b", "a/b", "a", "é", "Z", "a_b"]
    let saver = try Saver(names.map { Variable<Float>(1, name: $0) })
    #expect(saver.variables.map(\.name) == ["Z", "a", "a/b", "a_b", "b", "é"])
  }

  @Test func `Saver rows 31, 32: refuses a name that occurs twice`() throws {
    let (one, two) = (Variable<Float>(1, name: "w"), Variable<Float>(2, name: "w"))
    let expected = "key 'w': two variables have the name 'w' (duplicateName)"
    #expect(
      problem { () throws(CheckpointError) in _ = try Saver(["w": one, "w": two]) } == expected)
    #expect(problem { () throws(CheckpointError) in _ = try Saver([one, two]) } == expected)
    #expect(problem { () throws(CheckpointError) in _ = try Saver([one, one]) } == expected)
  }

  @Test func `Saver row 31: refuses one variable under two names`() throws {
    let one = Variable<Float>(1)
    #expect(
      problem { () throws(CheckpointError) in _ = try Saver(["a": one, "b": one]) }
        == "key 'b': one variable has two names, 'a' and 'b' (duplicateName)")
  }

  @Test func `takes names apart that differ in their bytes only`() throws {
    let (one, two) = (Variable<Float>(1), Variable<Float>(2))
    let saver = try Saver(["\u{E9}": one, "e\u{301}": two])
    let directory = try TemporaryDirectory()
    try saver.save(to: directory.path("m"))
    (one.value, two.value) = (Tensor(0), Tensor(0))
    try saver.restore(from: directory.path("m"))
    #expect(one.value.array == [1] && two.value.array == [2])
  }

  @Test func `Saver row 32: refuses variables without names`() throws {
    let variables = [Variable<Float>(1), Variable([1, 2], name: "w"), Variable(3)]
    #expect(
      problem { () throws(CheckpointError) in _ = try Saver(variables) } == """
        these variables cannot be saved, for 2 reasons (invalidArgument)
          - variable 0 of the list, float32[], has no name; give it one, or use \
        Saver([name: variable]) (invalidArgument)
          - variable 2 of the list, float32[], has no name; give it one, or use \
        Saver([name: variable]) (invalidArgument)
        """)
    #expect(
      problem { () throws(CheckpointError) in _ = try Saver(["": variables[0]]) }
        == "a variable cannot have an empty name (invalidArgument)")
  }

  @Test func `Saver row 45: refuses to be made of nothing`() throws {
    let expected =
      "a saver needs a variable at least; allowsEmpty makes one that saves nothing (invalidArgument)"
    #expect(problem { () throws(CheckpointError) in _ = try Saver([:]) } == expected)
    let none: [any TensorVariable] = []
    #expect(problem { () throws(CheckpointError) in _ = try Saver(none) } == expected)
  }

  @Test func `refuses an ending of graph files that leads elsewhere`() {
    var settings = Saver.Settings()
    settings.metaGraphSuffix = "meta/../w"
    #expect(
      problem { () throws(CheckpointError) in
        _ = try Saver(["w": Variable<Float>(1)], settings: settings)
      }
        == "'meta/../w' cannot be what a file's name ends in; it is 'meta' in TensorFlow "
        + "(invalidArgument)")
  }

  @Test func `reports all problems at once`() throws {
    let one = Variable<Float>(1)
    let error = problem { () throws(CheckpointError) in
      _ = try Saver(["a": one, "b": one, "": Variable<Float>(2), "a": Variable<Float>(3)])
    }
    #expect(
      error == """
        these variables cannot be saved, for 3 reasons (several)
          - key 'b': one variable has two names, 'a' and 'b' (duplicateName)
          - a variable cannot have an empty name (invalidArgument)
          - key 'a': two variables have the name 'a' (duplicateName)
        """)
  }
}

/// Where a saver saves.
@Suite struct SaverPathTests {
  private let directory: TemporaryDirectory
  private let variable = Variable<Float>([1, 2])

  init() throws { directory = try TemporaryDirectory() }

  private func saver(_ change: (inout Saver.Settings, inout SaveOptions) -> Void = { _, _ in })
    throws -> Saver
  {
    var options = SaveOptions()
    var settings = Saver.Settings()
    change(&settings, &options)
    return try Saver(["w": variable], settings: settings, options: options)
  }

  private func state() throws -> String {
    String(decoding: try directory.bytes("checkpoint"), as: UTF8.self)
  }

  @Test func `Saver row 68: puts the step behind the path`() throws {
    #expect(try saver().save(to: directory.path("m"), step: 0) == directory.path("m-0"))
    #expect(try saver().save(to: directory.path("m"), step: 1000) == directory.path("m-1000"))
    #expect(
      try saver().save(to: directory.path("m"), step: .max)
        == directory.path("m-9223372036854775807"))
    #expect(try saver().save(to: directory.path("m")) == directory.path("m"))
  }

  @Test func `Saver row 47: pads the step if asked to`() throws {
    let padding = try saver { settings, _ in settings.stepPadding = 8 }
    #expect(try padding.save(to: directory.path("m"), step: 7) == directory.path("m-00000007"))
    #expect(
      try padding.save(to: directory.path("m"), step: 123_456_789) == directory.path("m-123456789"))
    #expect(
      try saver { settings, _ in settings.stepPadding = -3 }.save(to: directory.path("m"), step: 7)
        == directory.path("m-7"))
  }

  @Test(arguments: [-1, -7, Int.min]) func `Saver row 68: refuses a negative step`(step: Int) throws
  {
    let error = #expect(throws: CheckpointError.self) {
      try saver().save(to: directory.path("m"), step: step)
    }
    #expect(
      error?.description == directory.path("m") + ": the step \(step) is negative (invalidArgument)"
    )
    #expect(directory.names.isEmpty)
  }

  @Test func `Saver row 67: creates directories, unless told not to`() throws {
    #expect(try saver().save(to: directory.path("a/b/m")) == directory.path("a/b/m"))
    let error = #expect(throws: CheckpointError.self) {
      try saver { $1.createsDirectories = false }.save(to: directory.path("c/m"))
    }
    #expect(error?.code == .io)
    #expect(error?.systemError == ENOENT)
    #expect(error?.file == directory.path("c"))
    #expect(!directory.names.contains("c"))
  }

  @Test func `Saver row 48: records checkpoints relative to the state file`() throws {
    let saver = try saver()
    try saver.save(to: directory.path("m"), step: 1)
    try saver.save(to: directory.path("m"), step: 2)
    #expect(
      try state() == """
        model_checkpoint_path: "m-2"
        all_model_checkpoint_paths: "m-1"
        all_model_checkpoint_paths: "m-2"

        """)
    let moved = try TemporaryDirectory()
    for name in directory.names { try moved.write(directory.bytes(name), to: name) }
    let latest = try #require(try CheckpointDirectory(moved.path).latest())
    #expect(latest == moved.path("m-2"))
    try saver.restore(from: latest)
  }

  @Test func `moves a prefix that is saved again to the end`() throws {
    let saver = try saver()
    for step in [1, 2, 1] { try saver.save(to: directory.path("m"), step: step) }
    #expect(
      try state() == """
        model_checkpoint_path: "m-1"
        all_model_checkpoint_paths: "m-2"
        all_model_checkpoint_paths: "m-1"

        """)
  }

  @Test func `Saver row 71: writes no state file if told so`() throws {
    try saver { settings, _ in settings.updatesState = false }.save(to: directory.path("m"))
    #expect(directory.names == ["m.data-00000-of-00001", "m.index"])
  }

  @Test func `Saver row 69: writes the state file of another name`() throws {
    try saver { settings, _ in settings.stateFilename = "latest" }.save(to: directory.path("m"))
    #expect(directory.names == ["latest", "m.data-00000-of-00001", "m.index"])
    let latest = try CheckpointDirectory(directory.path, filename: "latest").latest()
    #expect(latest == directory.path("m"))
  }

  @Test(
    arguments: [
      ("checkpoint", "checkpoint", nil), ("m", "m.index", nil), ("m", "m-3", 3),
      ("m", "m.data-00000-of-00001", nil),
    ] as [(String, String, Int?)])
  func `Saver row 69: refuses a state file that the checkpoint would overwrite`(
    prefix: String, name: String, step: Int?
  ) throws {
    let error = #expect(throws: CheckpointError.self) {
      try saver { settings, _ in settings.stateFilename = name }.save(
        to: directory.path(prefix), step: step)
    }
    #expect(error?.code == .pathConflict)
    #expect(directory.names.isEmpty)
  }

  @Test(arguments: ["", ".", "..", "a/b", "/tmp/checkpoint"])
  func `Saver row 69: refuses a state file's name that is none`(name: String) throws {
    let error = #expect(throws: CheckpointError.self) {
      try saver { settings, _ in settings.stateFilename = name }.save(to: directory.path("m"))
    }
    #expect(error?.code == .invalidArgument)
    #expect(directory.names.isEmpty)
  }

  @Test(arguments: ["none", "none/m", "n.index", "n.data-00000-of-00001"])
  func `Saver row 76: says that there is no checkpoint to restore`(name: String) throws {
    try saver().save(to: directory.path("m"))
    let error = #expect(throws: CheckpointError.self) {
      try saver().restore(from: directory.path(name))
    }
    #expect(error?.code == .notACheckpoint, "\(error)")
    #expect(error?.file == directory.path(name))
    #expect(variable.value.array == [1, 2])
  }

  @Test(arguments: ["", "m.index", "m.data-00000-of-00001"])
  func `Saver row 76: takes a directory, and any file of a checkpoint`(name: String) throws {
    try saver().save(to: directory.path("m"))
    variable.value = Tensor(repeating: 0, shape: [2])
    let report = try saver().restore(from: directory.path(name))
    #expect(variable.value.array == [1, 2])
    #expect(report.path == directory.path("m"))
    #expect(report.note?.contains(directory.path("m")) == true)
  }
}
