import CheckpointStore
import CheckpointGraph
import CheckpointIO
import CheckpointTensors
import Checkpoints

/// `checkpoint rename`: other names for tensors.
struct Rename: Command {
  static let synopsis = Synopsis(
    name: "rename", summary: "Gives tensors other names.", operands: ["PREFIX", "OLD", "NEW..."],
    options: [
      Synopsis.Option(name: "-o", value: "DEST", help: "Write a new checkpoint."),
      Synopsis.Option(name: "--in-place", help: "Change the checkpoint itself."),
      Synopsis.metadata,
      Synopsis.Option(name: "--overwrite", help: "Replace a checkpoint at DEST."),
    ],
    details: """
      Names come in pairs: OLD NEW OLD NEW. They may be exchanged: a b b a. OLD is a
      name as 'checkpoint list' or 'checkpoint graph' shows it; if it is one of the
      latter, NEW gets what the key of OLD ends in: '/.ATTRIBUTES/VARIABLE_VALUE'.

      With -o, DEST is a new checkpoint of the same format, and PREFIX stays as it is.

      With --in-place, of a V2 checkpoint the index is written anew and replaced in
      one step; the data files stay as they are, whatever their size. Where its
      objects name a renamed tensor, and in other formats, everything is written anew,
      and replaced in one step as well. V1 in several files cannot be: it takes -o.

      Objects that name a tensor follow: TensorFlow restores them as before. Metadata
      stays, with what --metadata gives; see 'checkpoint help convert'.
      """)

  private let path: String
  private let pairs: [(old: [UInt8], new: [UInt8])]
  private let destination: String?
  private let overwrites: Bool
  private let metadata: [String: String]

  init(_ arguments: ArgumentScanner) throws(CheckpointError) {
    path = try arguments.path(0)
    destination = arguments.value(of: "-o")
    overwrites = arguments.has("--overwrite")
    metadata = try arguments.metadata()
    let names = arguments.operands.dropFirst()
    guard names.count % 2 == 0 else { throw arguments.misuse("the last OLD has no NEW") }
    pairs = stride(from: names.startIndex, to: names.endIndex, by: 2).map {
      (names[$0], names[$0 + 1])  // their count is even
    }
    if let pair = pairs.first(where: { $0.new.isEmpty }) {
      throw arguments.misuse("the new name of '\(TensorName.shown(pair.old))' is empty")
    }
    guard (destination == nil) == arguments.has("--in-place") else {
      throw arguments.misuse("it is either '-o DEST', a new checkpoint, or '--in-place'")
    }
  }

  func run(_ output: StandardOutput) throws(CheckpointError) -> ExitStatus {
    let reader = try OpenedCheckpoint(at: path).checkpoint
    let source = reader.path
    let names = try names(in: reader)
    if destination == nil, reader.format == .v2, metadata.isEmpty,
      try !Self.isNamed(names, in: reader)
    {
      try CheckpointConversion.rename(names, in: source)
      try output.write("\(source.shown): \(names.count.of("tensor")) renamed\n")
      return .success
    }
    var options = CheckpointConversion.Options()
    // The name of a safetensors file says what is wanted of a model directory.
    let isFile = destination?.hasSuffix(".safetensors") == true
    options.format = isFile ? .safetensors : reader.format
    options.names = names
    options.metadata = metadata
    options.overwrites = overwrites || destination == nil
    let place = if let destination { destination } else { try Self.placeToReplace(reader) }
    let conversion = try ConversionRun.plan(
      [source], to: place, options, canOmit: false)
    try ConversionRun(conversion: conversion).carryOut(output)
    return .success
  }

  // What is written over a checkpoint: a model in several files goes to their directory.
  private static func placeToReplace(_ reader: CheckpointReader) throws(CheckpointError) -> String {
    guard reader.format != .v1 || SlicesPath(pattern: reader.path) == nil else {
      throw CheckpointError(
        .unsupported,
        "this V1 checkpoint has numbered files, which '--in-place' cannot replace in one step; write a new "
          + "one: '-o DEST'", file: reader.path)
    }
    return reader.format == .modelDirectory ? Path(reader.path).directory : reader.path
  }

  private func names(in reader: CheckpointReader) throws(CheckpointError) -> [TensorKey: TensorKey]
  {
    var names: [TensorKey: TensorKey] = [:]
    for (old, new) in pairs {
      let key = try TensorName.find(old, in: reader).key
      let name = try Self.name(new, for: key, calledBy: old, in: reader)
      guard names.updateValue(name, forKey: key) == nil else {
        throw CheckpointError(
          .duplicateName, "this tensor is to get two names", key: key.description)
      }
    }
    return names
  }

  // Whoever calls a variable as the graph does means a variable of the graph.
  private static func name(
    _ new: [UInt8], for key: TensorKey, calledBy old: [UInt8], in reader: CheckpointReader
  ) throws(CheckpointError) -> TensorKey {
    guard try TensorName.stored(old, in: reader) == nil else { return TensorKey(bytes: new) }
    let ending = key.bytes.dropFirst(key.nameOfVariable.count)
    return TensorKey(bytes: new.suffix(ending.count) == ending ? new : new + ending)
  }

  // Whether the object graph would have to follow.
  private static func isNamed(_ names: [TensorKey: TensorKey], in reader: CheckpointReader)
    throws(CheckpointError) -> Bool
  {
    guard names[TensorKey(ObjectGraph.key)] == nil else { return true }
    guard let graph = try reader.savedGraph() else { return false }
    return graph.nodes.contains { node in
      graph.attributes(of: node).contains { names[TensorKey($0.key)] != nil }
    }
  }
}
