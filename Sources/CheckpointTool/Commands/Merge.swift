import CheckpointStore
import CheckpointBundle
import CheckpointIO
import Checkpoints

/// `checkpoint merge`: several checkpoints as one.
struct Merge: Command {
  static let synopsis = Synopsis(
    name: "merge", summary: "Writes the tensors of several checkpoints as one.",
    operands: ["DEST", "SOURCE..."],
    options: [
      Synopsis.Option(
        name: "--to", value: "FORMAT", help: "v2, v1, safetensors or model-directory."),
      Synopsis.Option(name: "--drop-objects", help: "Leave the object graphs out."),
      Synopsis.omitUnsupported,
      Synopsis.metadata,
      Synopsis.Option(name: "--move", help: "Use the data files of the sources, which go."),
      Synopsis.Option(name: "--overwrite", help: "Replace a checkpoint at DEST."),
    ],
    details: """
      Sources may be of any formats. DEST is as for 'checkpoint convert', and so is
      --omit-unsupported. Two tensors of one name are an error, and two sources with
      objects, unless --drop-objects. Give one tensor another name first: 'checkpoint
      rename', 'checkpoint convert --map'.

      Metadata is as for 'checkpoint convert'. If two sources have different texts of
      one name, --metadata has to say which it is to be.

      With --move all have to be V2, on one file system: their data files get new
      names, nothing is copied, and then the sources are gone. A data file that is a
      symbolic link is an error. Slices of one tensor may be spread over several of
      them. This is how the parts that several processes have saved become one
      checkpoint.
      """)

  private let destination: String
  private let sources: [String]
  private let moves: Bool
  private let options: CheckpointConversion.Options

  init(_ arguments: ArgumentScanner) throws(CheckpointError) {
    destination = try arguments.path(0)
    sources = try arguments.paths(from: 1)
    moves = arguments.has("--move")
    options = try arguments.conversionOptions()
    let changes =
      !options.metadata.isEmpty || options.dropsObjectGraph || options.omitsUnsupported
    guard !moves || !changes else {
      throw arguments.misuse(
        "'--move' goes without '--metadata', '--drop-objects' and '--omit-unsupported'")
    }
  }

  func run(_ output: StandardOutput) throws(CheckpointError) -> ExitStatus {
    guard moves else {
      let conversion = try ConversionRun.plan(sources, to: destination, options)
      try ConversionRun(conversion: conversion).carryOut(output)
      return .success
    }
    try BundleMerger.merge(movable(), into: destination)
    try output.write("\(destination.shown) is made of \(sources.count.of("checkpoint"))\n")
    return .success
  }

  // The prefixes of the sources, once nothing is in the way.
  private func movable() throws(CheckpointError) -> [String] {
    var prefixes: [String] = []
    for source in sources { prefixes.append(try prefix(of: source)) }
    guard options.format ?? .v2 == .v2, !destination.hasSuffix(".safetensors") else {
      throw CheckpointError(
        .unsupported, "data files can be moved into a V2 checkpoint only", file: destination)
    }
    try BundleMerger.checkDistinct(prefixes, from: try PathText.path(destination))
    try CheckpointConversion.checkIsReplaceable(destination, options)
    let standing = try CheckpointReader.format(at: destination)
    guard options.overwrites || standing == nil else {
      throw CheckpointError(
        .pathConflict, "there is a checkpoint here already; '--overwrite' replaces it",
        file: destination)
    }
    return prefixes
  }

  // Merging opens them; those that it cannot are opened here, to say what they are.
  private func prefix(of source: String) throws(CheckpointError) -> String {
    let location = try CheckpointLocation(source)
    OpenedCheckpoint.report(location)
    guard try CheckpointReader.format(at: location.path) != .v2 else { return location.path }
    let format = try CheckpointReader(location.path).format
    throw CheckpointError(
      .unsupported,
      "this is \(format.title), only the data files of V2 can be moved; leave out '--move'",
      file: location.path)
  }
}
