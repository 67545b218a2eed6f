import CheckpointMapping
import CheckpointIO
import CheckpointTensors
import Checkpoints

/// `checkpoint convert`: a checkpoint in another format.
struct Convert: Command {
  static let synopsis = Synopsis(
    name: "convert", summary: "Writes a checkpoint in another format.",
    operands: ["SOURCE", "DEST"],
    options: [
      Synopsis.Option(
        name: "--to", value: "FORMAT", help: "v2, v1, safetensors or model-directory."),
      Synopsis.Option(name: "--map", value: "RULES", help: "Change names and tensors."),
    ] + MappingOptions.names + [
      Synopsis.fullNames,
      Synopsis.Option(name: "--join", help: "Put tensors in slices together."),
      Synopsis.Option(name: "--drop-objects", help: "Leave the object graph out."),
      Synopsis.omitUnsupported,
      Synopsis.metadata,
      Synopsis.Option(name: "--overwrite", help: "Replace a checkpoint at DEST."),
    ],
    details: """
      SOURCE is a PREFIX of any format. DEST is the prefix of a V2 checkpoint, or the
      name of a V1 or safetensors file, or a directory. Without --to it is safetensors
      if it ends in '.safetensors', else V2. 'model-directory' writes files of 5 GB at
      most, 'model-00001-of-00002.safetensors' and so on, and their index; other files
      in the directory stay.

      DEST appears whole or not at all. What it cannot hold (strings and a few types
      in safetensors; a few types, names that are not UTF-8 and more than 8 dimensions
      in V1) is known before anything is written: all of it in one error, or, with
      --omit-unsupported, a note for each that is left out.

      With --map the tensors of DEST have the names, types and shapes that rules make:
      'checkpoint map SOURCE RULES --dry-run' shows them. '--map bert' makes Hugging
      Face's weights of Google's BERT.

      \(MappingOptions.details)

      With --full-names the variables of objects have their full names, such as
      'sequential/dense/kernel', and DEST has no objects. Rules see these names.

      Tensors in slices stay so in V2 and V1, unless --join; in safetensors they are
      put together. The objects of an object-based checkpoint are kept, with the new
      names if there are some, so that TensorFlow restores objects from it; not in
      safetensors, which has no strings, and not with --drop-objects. An object loses
      a value whose tensor is no longer one, or has a name without '/.ATTRIBUTES/'.

      The metadata of a safetensors file is kept in a safetensors file, with what
      --metadata gives. A file that is new also has format=pt, which loaders want.
      '--metadata NAME=' leaves a text out. V2 and V1 have no metadata: a note says
      what is lost.

      Memory is needed for the list of tensors, and for one tensor or slice at a time;
      between V2 and safetensors only for a piece of it.
      """)

  private let source: String
  private let destination: String
  private var options: CheckpointConversion.Options

  init(_ arguments: ArgumentScanner) throws(CheckpointError) {
    source = try arguments.path(0)
    destination = try arguments.path(1)
    options = try arguments.conversionOptions()
    options.mapping = try arguments.mapping(rules: arguments.value(of: "--map"))
    options.usesFullNames = arguments.has("--full-names")
    options.joinsSlices = arguments.has("--join")
  }

  func run(_ output: StandardOutput) throws(CheckpointError) -> ExitStatus {
    let run = ConversionRun(conversion: try ConversionRun.plan([source], to: destination, options))
    try run.carryOut(output)
    return .success
  }
}
