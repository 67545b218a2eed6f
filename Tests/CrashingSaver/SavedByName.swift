import CheckpointTensors
import Checkpoints

/// The same by the front end, which keeps the state file too.
enum SavedByName {
  static func save(_ variable: Variable<Float>, to prefix: String, _ files: SaveOptions) throws {
    var options = Saver.Options()
    options.files = files
    let saver = try Saver(["w0": variable], options: options)
    try saver.save(to: prefix)
  }
}
