import CheckpointSafetensors
import CheckpointPlans
import CheckpointStore
import CheckpointIO
import CheckpointGraph
import CheckpointTestSupport
import Checkpoints
import Testing

/// Proves that no checkpoint gets the name of another kind of file.
@Suite struct CheckpointNameTests {
  let directory: TemporaryDirectory
  let variable = Variable<Float>([1, 2])

  init() throws { directory = try TemporaryDirectory("names") }

  /// The ways to write a checkpoint of TensorFlow's formats.
  enum Way: CaseIterable {
    case saver, step, v1, checkpoint, exactly
    case manager, managerInBackground, conversion, conversionToV1
  }

  private func save(_ name: String, _ way: Way) throws {
    let path = directory.path(name)
    switch way {
    case .saver: try Saver(["w": variable]).save(to: path)
    case .step: try Saver(["w": variable]).save(to: path, step: 7)
    case .v1:
      var options = SaveOptions()
      options.format = .v1
      try Saver(["w": variable], options: options).save(to: path)
    case .checkpoint: try Checkpoint(["w": variable]).save(to: path)
    case .exactly: try Checkpoint(["w": variable]).write(to: path)
    case .manager, .managerInBackground:
      let manager = try CheckpointManager(
        Checkpoint(["w": variable]), directory: directory.path, name: name, retention: .all)
      if way == .manager { try manager.save() } else { try manager.saveInBackground() }
      try manager.waitUntilFinished()
    case .conversion, .conversionToV1:
      var options = CheckpointConversion.Options()
      options.format = way == .conversion ? .v2 : .v1
      let source = try TemporaryDirectory("source")
      let saved = try Saver(["w": variable]).save(to: source.path("m"))
      try CheckpointConversion(from: saved, to: path, options: options).run()
    }
  }

  @Test(arguments: Way.allCases, ["model.safetensors", "MODEL.SafeTensors"])
  func `refuses to write TensorFlow's files under the name of a safetensors file`(
    way: Way, name: String
  ) throws {
    let error = #expect(throws: CheckpointError.self) { try save(name, way) }
    #expect(error?.code == .unsupported)
    #expect(error?.file?.hasSuffix(name) == true)
    #expect(error?.message.contains("SaveOptions(format: .safetensors)") == true)
    #expect(directory.names.isEmpty)
  }

  @Test(arguments: [CheckpointFormat.v2, .v1, .safetensors])
  func `refuses a path that ends as a directory's does`(format: CheckpointFormat) throws {
    let error = #expect(throws: CheckpointError.self) {
      let path = directory.path("model/")
      var writer = try CheckpointWriter(to: path, options: SaveOptions(format: format))
      try writer.add(variable.value, for: "w")
      try writer.finish()
    }
    #expect(error?.code == .invalidArgument && error?.file == directory.path("model/"))
    #expect(directory.names.isEmpty)
  }

  @Test(arguments: Way.allCases, ["m.index", "m.data-00000-of-00001"])
  func `refuses the name of one file of a checkpoint`(way: Way, name: String) throws {
    let error = #expect(throws: CheckpointError.self) { try save(name, way) }
    #expect(error?.code == .invalidArgument)
    #expect(
      error?.message == "this is the name of one file of a V2 checkpoint; give the prefix: "
        + "'run/ckpt-7' for 'run/ckpt-7.index'")
    #expect(directory.names.isEmpty)
  }

  @Test(arguments: Way.allCases)
  func `refuses the name of a model's index`(way: Way) throws {
    let name = "model.safetensors.index.json"
    let error = #expect(throws: CheckpointError.self) { try save(name, way) }
    #expect(error?.code == .invalidArgument)
    #expect(error?.message.hasPrefix("this is the name of the index of a model; give") == true)
    #expect(directory.names.isEmpty)
  }

  @Test(arguments: [
    ("m-00000-of-00002", CheckpointFormat.v1), ("m-00001-of-00002", .v1),
    ("m-00000-of-00002", .safetensors), ("model-00001-of-00003.safetensors", .safetensors),
  ])
  func `refuses the name of one of several files`(name: String, format: CheckpointFormat) throws {
    let source = try TemporaryDirectory("source")
    let saved = try Saver(["w": variable]).save(to: source.path("m"))
    var conversion = CheckpointConversion.Options()
    conversion.format = format
    let error = #expect(throws: CheckpointError.self) {
      try CheckpointConversion(from: saved, to: directory.path(name), options: conversion).run()
    }
    #expect(error?.code == .invalidArgument)
    #expect(error?.file == directory.path(name))
    #expect(error?.message.hasPrefix("this is the name of one of ") == true)
    // A saver adds the ending of a safetensors file to names that are without.
    if format == .v1 || name.hasSuffix(".safetensors") {
      let saver = try Saver(["w": variable], options: SaveOptions(format: format))
      let refusal = #expect(throws: CheckpointError.self) {
        try saver.save(to: directory.path(name))
      }
      #expect(refusal?.message == error?.message)
    }
    #expect(directory.names.isEmpty)
  }

  @Test func `a V1 file does not get the name of the state file, whoever writes it`() throws {
    let path = directory.path("checkpoint")
    var settings = Saver.Settings()
    settings.updatesState = false
    let options = SaveOptions(format: .v1)
    let saver = try Saver(["w": variable], settings: settings, options: options)
    let ways: [() throws -> Void] = [
      { try saver.save(to: path) },
      { _ = try CheckpointWriter(to: path, options: options) },
      { try save("checkpoint", .conversionToV1) },
    ]
    for (number, way) in ways.enumerated() {
      let error = #expect(throws: CheckpointError.self) { try way() }
      #expect(error?.code == .invalidArgument && error?.file == path, "\(number)")
      #expect(error?.message.hasPrefix("this is the name of the state file, and no") == true)
      #expect(directory.names.isEmpty)
    }
    // With a number, in several files, and in other formats there is no such file.
    try saver.save(to: path, step: 1)
    let sharded = SaveOptions(format: .v1, sharding: .count(1))
    try save("checkpoint", .conversion)
    try Saver(["w": variable], settings: settings, options: sharded).save(to: path)
    #expect(
      directory.names == [
        "checkpoint-00000-of-00001", "checkpoint-1", "checkpoint.data-00000-of-00001",
        "checkpoint.index",
      ])
  }

  @Test func `takes the name of the only file, and of a part that is a V2 checkpoint`() throws {
    for (name, format) in [
      ("m-00000-of-00002", CheckpointFormat.v2), ("n-00000-of-00001", .v1),
      ("model-00001-of-00001.safetensors", .safetensors),
    ] {
      let source = try Saver(["w": variable]).save(to: directory.path("source"))
      var options = CheckpointConversion.Options()
      options.format = format
      try CheckpointConversion(from: source, to: directory.path(name), options: options).run()
      let reader = try CheckpointReader(directory.path(name))
      #expect(try reader.entries().map(\.key) == ["w"])
    }
  }

  @Test(arguments: [".", "..", "run/", "a/.."])
  func `refuses a path that ends with no name`(path: String) {
    for format in [CheckpointFormat.safetensors, .modelDirectory] {
      guard !(format == .modelDirectory && path.hasSuffix("/")) else { continue }
      let error = #expect(throws: CheckpointError.self) {
        try CheckpointName.path(path, format: format)
      }
      #expect(error?.message == "this cannot be the name of a checkpoint")
    }
  }

  @Test func `takes what only looks like it, and counts no save that it refuses`() throws {
    for name in ["safetensors", "m.safetensors.d", "index", "m.data-0-of-1"] {
      try Saver(["w": variable]).save(to: directory.path(name))
    }
    let checkpoint = try Checkpoint(["w": variable])
    _ = try? checkpoint.save(to: directory.path("m.safetensors"))
    #expect(checkpoint.saveCounter.scalar == 0)
  }
}
