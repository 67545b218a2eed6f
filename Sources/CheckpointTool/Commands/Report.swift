import CheckpointIO
import CheckpointStore
import Checkpoints

/// `checkpoint report`: a page about a checkpoint, or about two.
struct Report: Command {
  static let synopsis = Synopsis(
    name: "report",
    summary: "Writes a page for browsers: sizes, histograms, NaN, what two differ in.",
    operands: ["OUT.html", "PREFIX", "[OTHER]"],
    options: [
      Synopsis.fullNames,
      Synopsis.Option(name: "--overwrite", help: "Replace a file at OUT.html."),
    ],
    details: """
      The page is one file, and needs no network. It shows how much is in PREFIX, and
      in which types; which tensors have NaN or infinities, or cannot be read; and a
      tree of layers and tensors with the numbers and bytes of each, its share of all,
      and what 'checkpoint stats' tells of the values, with a histogram.

      With OTHER it shows both checkpoints, and of each layer that is not the same in
      both the relative change, the largest distance, and what only one of them has:
      as 'checkpoint diff --layers', the layer that has moved farthest first.

      The tree has 50,000 lines at most; of a checkpoint with more tensors, the layers
      and the tensors that are less deep.

      A tensor that is damaged gets a message, there and in the page; the exit status
      is 1 then. That two checkpoints differ is no failure.
      """)

  private let destination: String
  private let paths: [String]
  private let usesFullNames: Bool
  private let overwrites: Bool

  init(_ arguments: ArgumentScanner) throws(CheckpointError) {
    destination = try arguments.path(0)
    paths = try arguments.paths(from: 1)
    usesFullNames = arguments.has("--full-names")
    overwrites = arguments.has("--overwrite")
    // Whoever swaps the arguments must not lose a checkpoint.
    guard [".html", ".htm"].contains(where: destination.lowercased().hasSuffix) else {
      throw arguments.misuse("'\(destination.shown)' is no page: OUT.html comes first")
    }
  }

  func run(_ output: StandardOutput) throws(CheckpointError) -> ExitStatus {
    var readers: [CheckpointReader] = []
    for path in paths {
      readers.append(try OpenedCheckpoint(at: path).readerOfLayers(usesFullNames: usesFullNames))
    }
    try checkDestination(readers)
    try TextFile.check(destination, what: "report", overwrites: overwrites)
    var checkpoints: [ReportedCheckpoint] = []
    for reader in readers { checkpoints.append(try ReportedCheckpoint(reader)) }
    let comparison = readers.count == 2 ? try compare(readers[0], readers[1]) : nil
    let file = try TextFile(destination, what: "report", overwrites: overwrites)
    try ReportPage(checkpoints, comparison: comparison).write(to: file)
    try file.finish()
    let tensorCount = checkpoints.reduce(0) { $0 + $1.entries.count }
    try output.write("\(destination.shown) is written: \(tensorCount.of("tensor"))\n")
    return checkpoints.contains { $0.damagedCount > 0 } ? .failure : .success
  }

  // A safetensors or V1 file may have any name.
  private func checkDestination(_ readers: [CheckpointReader]) throws(CheckpointError) {
    guard let place = try LocalFileSystem().status(of: destination) else { return }
    for reader in readers
    where try LocalFileSystem().status(of: reader.path)?.identity == place.identity {
      throw CheckpointError(
        .invalidArgument, "the report would take the place of the checkpoint", file: destination)
    }
  }

  private func compare(_ first: CheckpointReader, _ second: CheckpointReader)
    throws(CheckpointError) -> LayerComparison
  {
    let bar = ProgressBar()
    defer { bar.clear() }
    return try LayerComparison(first, second) { bar.show($0, of: $1) }
  }
}
