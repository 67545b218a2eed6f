import CheckpointBundle
import CheckpointIO
import Checkpoints
import Foundation

/// What is measured of the library.
struct LibraryTrials {
  private let workload: Workload
  private let files: CheckpointFiles

  init(_ workload: Workload, _ files: CheckpointFiles) {
    self.workload = workload
    self.files = files
  }

  /// Writes the checkpoint that all contenders read.
  func writeFixture() throws {
    if workload.parts != nil {
      try PartFiles(workload, files).write()
    } else if workload.moduleCount > 0 {
      let model = Module.tree(of: workload.moduleCount, value: Self.savedValue)
      try Checkpoint(["model": model]).write(to: files.fixture)
    } else {
      try saver(variables(Self.savedValue), .full, format: .v2).save(to: files.fixture)
    }
  }

  // What is restored from: the checkpoint of all contenders, or the model directory.
  private var source: String { workload.modelFileCount == nil ? files.fixture : files.model }

  private func writeModel() throws {
    guard workload.modelFileCount != nil, !FileManager.default.fileExists(atPath: files.model)
    else { return }
    try saver(variables(Self.savedValue), .full).save(to: files.model)
  }

  /// What is run for an operation.
  func trial(of operation: Operation) throws -> Trial {
    try writeModel()
    return switch operation {
    case .save: try save(.none)
    case .saveDurable: try save(.full)
    case .restore: try restore(.transactional)
    case .restoreInPlace: try restore(.inPlace)
    case .restoreMapped: try restore(.mapped(isChecked: false))
    case .restoreMappedChecked: try restore(.mapped(isChecked: true))
    case .restoreCold: try restore(.transactional, prepare: { files.setCached(false) })
    case .list: list()
    case .one, .oneSmall: single(operation)
    case .holdUp: try holdUp()
    case .merge: merge(.none)
    case .mergeDurable: merge(.full)
    }
  }

  // MARK: Saving

  private func save(_ durability: SaveOptions.Durability) throws -> Trial {
    guard workload.moduleCount == 0 else { return try saveModules(durability) }
    let saver = try saver(variables(Self.savedValue), durability)
    return Trial(run: { try saver.save(to: files.output) }, finish: { files.removeOutput() })
  }

  private func saveModules(_ durability: SaveOptions.Durability) throws -> Trial {
    var options = SaveOptions()
    options.durability = durability
    let model = Module.tree(of: workload.moduleCount, value: Self.savedValue)
    let checkpoint = try Checkpoint(["model": model], options: options)
    return Trial(run: { try checkpoint.write(to: files.output) }, finish: { files.removeOutput() })
  }

  private func saver(
    _ variables: [Variable<Float>], _ durability: SaveOptions.Durability,
    format: CheckpointFormat? = nil
  ) throws -> Saver {
    var options = SaveOptions()
    var settings = Saver.Settings()
    options.durability = durability
    if let count = workload.modelFileCount, format != .v2 {
      options.format = .modelDirectory
      options.sharding = .maxBytes(workload.byteCount(of: .save) / count)
    }
    settings.updatesState = false  // the checkpoint alone, which is what the others write
    return try Saver(variables, settings: settings, options: options)
  }

  // A step of a training, then the call, which is measured; then every variable changes, which copies
  // those that are not written yet. Without the step, the process would have slept until the call: a
  // scheduler does not let others interrupt one that has slept, as it does one that works, and a
  // virtual machine may have put its memory aside.
  private func holdUp() throws -> Trial {
    let variables = variables(Self.savedValue)
    let model = TensorList(variables)
    let checkpoint = try Checkpoint(["model": model])
    let manager = try CheckpointManager(checkpoint, directory: files.output, retention: .latest(1))
    return Trial(
      prepare: { for variable in variables { variable.withMutableScalars { Self.train(&$0) } } },
      run: { try manager.saveInBackground() as Any },
      finish: {
        for variable in variables { variable.withMutableScalars { $0[0] += 1 } }
        try manager.waitUntilFinished()
      })
  }

  private func merge(_ durability: FileOptions.Durability) -> Trial {
    let parts = PartFiles(workload, files)
    var options = FileOptions()
    options.durability = durability
    return Trial(
      prepare: parts.link,
      run: { try BundleMerger.merge(parts.prefixes, into: files.output, options: options) },
      finish: {
        try parts.check()
        try parts.remove()
      })
  }

  // Writes to every page.
  private static func train(_ scalars: inout MutableSpan<Float>) {
    for index in stride(from: 0, to: scalars.count, by: 1024) { scalars[index] += 1 }
  }

  // MARK: Restoring

  private func restore(_ placement: RestoreOptions.Placement, prepare: @escaping () -> Void = {})
    throws -> Trial
  {
    guard workload.moduleCount == 0 else { return try restoreModules() }
    let variables = variables { -Float($0) - 1 }
    let saver = try saver(variables, .none)
    let options = RestoreOptions(placement: placement)
    return Trial(
      prepare: prepare, run: { try saver.restore(from: source, options: options) },
      finish: { try check(variables) })
  }

  private func restoreModules() throws -> Trial {
    let model = Module.tree(of: workload.moduleCount) { -Float($0) - 1 }
    let checkpoint = try Checkpoint(["model": model])
    return Trial(
      run: { try checkpoint.read(from: files.fixture).assertConsumed() },
      finish: {
        guard model.hasValues(Self.savedValue) else { throw BenchmarkError("values are wrong") }
      })
  }

  private func check(_ variables: [Variable<Float>]) throws {
    for (number, variable) in variables.enumerated() {
      let expected = Self.savedValue(number)
      let isRestored = variable.withScalars { $0[0] == expected && $0[$0.count - 1] == expected }
      guard isRestored else {
        throw BenchmarkError("variable \(number) has another value than was saved")
      }
    }
  }

  // MARK: Looking

  private func list() -> Trial {
    Trial {
      let entries = try CheckpointReader(source).entries()
      guard entries.count == workload.tensors.count else { throw BenchmarkError("too few entries") }
      return entries
    }
  }

  private func single(_ operation: Operation) -> Trial {
    let key = TensorKey(workload.single[operation] ?? "")
    return Trial {
      try CheckpointReader(files.fixture).tensor(for: key)
    }
  }

  // MARK: Data

  private static func savedValue(_ number: Int) -> Float { Float(number) }

  private func variables(_ value: (Int) -> Float) -> [Variable<Float>] {
    workload.tensors.enumerated().map { number, tensor in
      Variable(repeating: value(number), shape: TensorShape(tensor.shape), name: tensor.name)
    }
  }
}

/// The variables of a model without modules.
final class TensorList: Checkpointable {
  let variables: [Variable<Float>]

  init(_ variables: [Variable<Float>]) { self.variables = variables }
}
