import CheckpointIO
import CheckpointPlans
import CheckpointSafetensors
import CheckpointStore
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Testing

/// Proves what becomes of the texts that safetensors files have about themselves.
@Suite struct ConversionMetadataTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory("metadata") }

  @discardableResult
  private func file(_ name: String, _ metadata: NamedTexts) throws -> String {
    let path = directory.path("\(name).safetensors")
    var writer = try SafetensorsWriter(path, metadata: metadata)
    try writer.add(Tensor<Float>([1]), for: TensorKey(name))
    try writer.finish()
    return path
  }

  private func bundle(_ name: String) throws -> String {
    var writer = try CheckpointWriter(to: directory.path(name))
    try writer.add(Tensor<Float>([1]), for: TensorKey(name))
    try writer.finish()
    return writer.path
  }

  private func convert(
    _ sources: [String], to name: String, _ given: [String: String] = [:]
  ) throws(CheckpointError) -> (metadata: NamedTexts, notes: [String]) {
    var options = CheckpointConversion.Options()
    options.metadata = given
    let conversion = try CheckpointConversion(
      merging: sources, to: directory.path(name), options: options)
    try conversion.run()
    return (try CheckpointReader(directory.path(name)).texts, conversion.notes)
  }

  private func failure(_ sources: [String], to name: String, _ given: [String: String] = [:])
    -> CheckpointError?
  {
    #expect(throws: CheckpointError.self) { try convert(sources, to: name, given) }
  }

  @Test(
    arguments: [
      [:], ["format": "mlx"], ["by": "hand", "é\n": ""], ["\u{E9}": "1", "e\u{301}": "2"],
    ] as [NamedTexts])
  func `a file of one file has its texts, and no other`(metadata: NamedTexts) throws {
    let source = try file("a", metadata)
    let copied = try convert([source], to: "m.safetensors")
    #expect(copied.metadata == metadata)
    #expect(copied.notes == [])
    #expect(try directory.bytes("a.safetensors") == directory.bytes("m.safetensors"))
  }

  @Test func `a file that is new has the format that loaders ask for`() throws {
    let source = try bundle("v2")
    #expect(try convert([source], to: "m.safetensors").metadata == ["format": "pt"])
    let other = try convert([source], to: "n.safetensors", ["format": "tf", "step": "7"])
    #expect(other.metadata == ["format": "tf", "step": "7"])
    #expect(try convert([source], to: "o.safetensors", ["format": ""]).metadata == [:])
    let mixed = try convert([source, file("a", ["by": "hand"])], to: "p.safetensors")
    #expect(mixed.metadata == ["by": "hand", "format": "pt"])
  }

  @Test func `texts are set, replaced and left out`() throws {
    let source = try file("a", ["format": "np", "by": "hand", "step": "7"])
    let changed = try convert([source], to: "m.safetensors", ["by": "", "step": "8", "new": "x"])
    #expect(changed.metadata == ["format": "np", "step": "8", "new": "x"])
    // With a text but without a format, loaders would refuse it.
    let bare = try convert([file("b", [:])], to: "n.safetensors", ["step": "8"])
    #expect(bare.metadata == ["format": "pt", "step": "8"])
  }

  @Test func `texts of several files are joined`() throws {
    let (a, b) = (try file("a", ["format": "pt", "by": "a"]), try file("b", ["format": "pt"]))
    #expect(try convert([a, b], to: "m.safetensors").metadata == ["format": "pt", "by": "a"])
  }

  @Test func `texts that differ are one error, unless somebody decides`() throws {
    let a = try file("a", ["format": "pt", "step": "1", "by": "us"])
    let b = try file("b", ["format": "mlx", "step": "2", "by": "us"])
    let error = failure([a, b], to: "m.safetensors")
    #expect(error?.code == .mismatch)
    #expect(
      error?.problems.map(\.message) == [
        "the text 'format' is 'pt' in '\(a)' and 'mlx' in '\(b)'; say which it is to be: "
          + "Options.metadata, '--metadata format=...'",
        "the text 'step' is '1' in '\(a)' and '2' in '\(b)'; say which it is to be: "
          + "Options.metadata, '--metadata step=...'",
      ])
    let one = failure([a, b], to: "m.safetensors", ["format": "pt"])
    #expect(one?.message.contains("'1' in '\(a)' and '2' in '\(b)'") == true)
    #expect(!directory.names.contains("m.safetensors"))
    let decided = try convert([a, b], to: "m.safetensors", ["format": "pt", "step": ""])
    #expect(decided.metadata == ["format": "pt", "by": "us"])
  }

  @Test func `names that look the same are two, of which a dictionary has one`() throws {
    let (composed, decomposed) = ("caf\u{E9}", "cafe\u{301}")
    let (a, b) = (try file("a", [composed: "1"]), try file("b", [decomposed: "2"]))
    #expect(try convert([a, b], to: "m.safetensors").metadata == [composed: "1", decomposed: "2"])
    let dictionary = try CheckpointReader(directory.path("m.safetensors")).metadata
    #expect(dictionary == [composed: "2"])
    let given = try convert([a], to: "n.safetensors", [decomposed: "3", "format": ""])
    #expect(given.metadata == [composed: "1", decomposed: "3"])
  }

  @Test func `texts that look the same differ`() throws {
    let (a, b) = (try file("a", ["k": "\u{E9}"]), try file("b", ["k": "e\u{301}"]))
    let error = failure([a, b], to: "m.safetensors")
    #expect(error?.code == .mismatch)
    #expect(
      error?.message
        == "the text 'k' is '\u{E9}' in '\(a)' and 'e\u{301}' in '\(b)'; they look the same, and their bytes "
        + "differ; say which it is to be: Options.metadata, '--metadata k=...'")
    // The name that is decided is another one.
    let (c, d) = (try file("c", ["\u{E9}": "1"]), try file("d", ["\u{E9}": "2"]))
    #expect(failure([c, d], to: "m.safetensors", ["e\u{301}": "3"])?.code == .mismatch)
    #expect(!directory.names.contains("m.safetensors"))
  }

  @Test(arguments: [CheckpointFormat.v2, .v1])
  func `a target without texts says what is lost, and takes none`(format: CheckpointFormat) throws {
    let a = try file("a", ["format": "pt", "step": "1"])
    let b = try file("b", ["format": "mlx"])  // which is no matter here
    var options = CheckpointConversion.Options()
    options.format = format
    let conversion = try CheckpointConversion(
      merging: [a, b], to: directory.path("m"), options: options)
    let title = format.title
    #expect(
      conversion.notes == [
        "the metadata is left out, \(title) checkpoints have none: format = pt, step = 1"
      ])
    try conversion.run()
    options.metadata = ["step": "7"]
    let error = #expect(throws: CheckpointError.self) {
      try CheckpointConversion(from: a, to: directory.path("n"), options: options)
    }
    #expect(
      error?.message == "checkpoints of the format \(title) have no texts about themselves")
  }

  @Test func `savers and edits of formats without texts refuse them, and change nothing`() throws {
    let options = SaveOptions(metadata: ["step": "7"])
    let saver = try Saver(["w": Variable<Float>(0)], options: options)
    #expect(throws: CheckpointError.self) { try saver.save(to: directory.path("s")) }
    let prefix = try bundle("v2")
    let before = directory.names
    #expect(throws: CheckpointError.self) {
      try CheckpointConversion.rename(["v2": "w"], in: prefix, options: options)
    }
    #expect(throws: CheckpointError.self) {
      try CheckpointConversion.merge([prefix], into: directory.path("m"), options: options)
    }
    #expect(directory.names == before)
    #expect(try CheckpointReader(prefix).entries().map(\.key) == ["v2"])
  }

  @Test(arguments: [CheckpointFormat.v1, .safetensors])
  func `edits in place are of V2, and change nothing with options for another format`(
    format: CheckpointFormat
  ) throws {
    let prefix = try bundle("v2")
    let before = directory.names
    let options = SaveOptions(format: format)
    let renaming = #expect(throws: CheckpointError.self) {
      try CheckpointConversion.rename(["v2": "w"], in: prefix, options: options)
    }
    let target = directory.path("m")
    let merging = #expect(throws: CheckpointError.self) {
      try CheckpointConversion.merge([prefix], into: target, options: options)
    }
    for (error, file) in [(renaming, prefix), (merging, target)] {
      #expect(
        error?.description
          == "\(file): only V2 checkpoints are changed in place, these options are for the format "
          + "\(format.title); write a new one: CheckpointConversion(from:to:options:) "
          + "(unsupported)")
    }
    #expect(directory.names == before)
    #expect(try CheckpointReader(prefix).entries().map(\.key) == ["v2"])
  }
}
