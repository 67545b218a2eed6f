// Restores what older programs for TensorFlow have left behind, and compares what the restored
// networks answer with what TensorFlow has answered:
//
//     swift run legacy-restore              with the example's own files
//     swift run legacy-restore DIRECTORY    with those of a directory

import Checkpoints
import Foundation

@main
struct LegacyRestore {
  static func main() throws {
    let own = Bundle.module.bundleURL.appending(path: "Data").path
    let files = LegacyFiles(CommandLine.arguments.dropFirst().first ?? own)
    CheckpointWarnings.handler = { print("  warning: \($0)") }
    do {
      try restoreFirstFormat(files)
      try restorePartitioned(files)
      try restoreObjectsByName(files)
      print("\nAll three answer as they did in TensorFlow.")
    } catch {
      // It says where, what was found, and what to do.
      FileHandle.standardError.write(Data("\(error)\n".utf8))
      exit(1)
    }
  }

  /// TensorFlow's first format, one file with a sorted table: nobody has to say so.
  static func restoreFirstFormat(_ files: LegacyFiles) throws {
    let path = files.path("v1/model.ckpt-100")
    print("A file of TensorFlow's first format: v1/model.ckpt-100")
    print("  format \(try CheckpointReader(path).format.rawValue)")
    let network = Network()
    let report = try Saver(network.variables).restore(from: path)
    print("  \(report.restored.count) variables restored by name, at step \(network.step.scalar)")
    try files.compare(network(LegacyFiles.sample), with: "v1")
  }

  /// A checkpoint of TensorFlow 1: other names than this program's, an embedding in three parts, and
  /// Adam's slot variables.
  static func restorePartitioned(_ files: LegacyFiles) throws {
    print("\nA checkpoint of TensorFlow 1, partitioned, with an optimizer: partitioned")
    let reader = try CheckpointReader(files.path("partitioned"))  // the latest of a directory
    let embedding = try reader.requiredEntry(for: "ranker/embedding")
    print("  ranker/embedding \(embedding.spec) in \(embedding.slices.count) parts")
    let ranker = Ranker()
    let saver = try Saver(ranker.variables)
    print("  \(try KeyMapping.Proposal(from: reader, to: saver).mapping) is proposed")

    // Proposals are looked at first; this one has become a file of rules.
    let rules = try KeyMapping(jsonFile: files.path("rules.json"))
    let report = try saver.restore(from: reader.path, mapping: rules)
    print("  \(report.restored.count) variables restored through \(rules)")
    let moment = try Tensor<Float>(reader.tensor(named: "ranker/embedding/Adam:0"))
    try files.check(ranker.momentOfEmbedding.value.array == moment.array, "the slot variable")
    try files.compare(ranker(word: LegacyFiles.word), with: "partitioned")
  }

  /// A checkpoint of TensorFlow 2, whose keys are places in a graph of objects, read by a program
  /// that knows names only.
  static func restoreObjectsByName(_ files: LegacyFiles) throws {
    print("\nA checkpoint of TensorFlow 2's objects, restored by names: objects/ckpt-1")
    let path = files.path("objects/ckpt-1")
    print("  hidden/kernel is \(try CheckpointReader(path).key(named: "hidden/kernel"))")
    let network = Network()
    try Saver(network.variables).restore(from: path)
    print("  restored, at step \(network.step.scalar)")
    try files.compare(network(LegacyFiles.sample), with: "objects")
  }
}
