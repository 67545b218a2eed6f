import CheckpointIO
import CheckpointStore
import Checkpoints

/// `checkpoint average`: the average of several checkpoints.
struct Average: Command {
  static let synopsis = Synopsis(
    name: "average", summary: "Writes the average of several checkpoints of one model.",
    operands: ["OUT", "CHECKPOINT..."],
    options: [
      Synopsis.Option(
        name: "--decay", value: "X", help: "Each weighs X times what the next one does."),
      Synopsis.Option(name: "--last", value: "N", help: "CHECKPOINT is a directory: its latest N."),
      Synopsis.Option(
        name: "--to", value: "FORMAT", help: "v2, v1, safetensors or model-directory."),
      Synopsis.Option(name: "--drop-objects", help: "Leave the object graph out."),
      Synopsis.omitUnsupported,
      Synopsis.metadata,
      Synopsis.Option(name: "--overwrite", help: "Replace a checkpoint at OUT."),
    ],
    details: """
      All checkpoints need the same names, types and shapes: one error lists whatever
      differs. Their formats may differ. OUT is as DEST for 'checkpoint convert', and
      so is --omit-unsupported.

      Floating-point numbers are averaged in 64 bits, and rounded once to their type.
      Integers, such as step counters, truth values, strings and the objects are those
      of the last checkpoint; a note names such tensors, eight at most. All other
      numbers are averaged, also those of an optimizer. OUT restores as that one does.

      With --last 5 CHECKPOINT is a directory, and its latest five are averaged, in
      the order of their numbers: those that are called as the latest one there. Let
      OUT be in another directory, or it may be that one the next time. A note names a
      newer one that is left out, since it is empty or files of it are missing.

      Without --decay all weigh the same. With --decay 0.9 the last one weighs most,
      the one before 0.9 times as much, the one before that 0.81 times, and so on.

      Memory is needed for the list of tensors, and some 150 MB for parts of tensors;
      of tensors in slices, and to and from V1, for a whole one as 64-bit numbers.
      """)

  private let destination: String
  private let sources: [String]
  private let decay: Double
  private let lastCount: Int?
  private let options: CheckpointConversion.Options

  init(_ arguments: ArgumentScanner) throws(CheckpointError) {
    destination = try arguments.path(0)
    sources = try arguments.paths(from: 1)
    lastCount = try Self.lastCount(arguments)
    guard lastCount == nil || sources.count == 1 else {
      throw arguments.misuse("with '--last' there is one CHECKPOINT, a directory")
    }
    guard lastCount != nil || sources.count > 1 else {
      throw arguments.misuse(
        "an average takes two checkpoints at least, after OUT, or '--last N' and a directory")
    }
    let text = arguments.value(of: "--decay") ?? "1"
    guard let decay = Double(text), decay > 0, decay <= 1 else {
      throw arguments.misuse("'\(text.shown)' is no decay: more than 0, and 1 at most")
    }
    self.decay = decay
    options = try arguments.conversionOptions()
  }

  private static func lastCount(_ arguments: ArgumentScanner) throws(CheckpointError) -> Int? {
    guard let text = arguments.value(of: "--last") else { return nil }
    guard let count = Int(text), count > 1 else {
      throw arguments.misuse("'\(text.shown)' is no number of checkpoints: 2 or more")
    }
    return count
  }

  func run(_ output: StandardOutput) throws(CheckpointError) -> ExitStatus {
    var sources = sources
    if let lastCount { sources = try LatestCheckpoints.paths(lastCount, in: sources[0]) }
    let conversion = try ConversionRun.planned(destination, options) {
      options, found throws(CheckpointError) in
      try CheckpointConversion(
        averaging: sources, decay: decay, to: destination, options: options, found: found)
    }
    try ConversionRun(conversion: conversion).carryOut(output)
    return .success
  }
}
