import CheckpointBenchmarkLimit

/// What is measured of the limit: the same files, and as many threads.
struct LimitTrials {
  private let workload: Workload
  private let files: CheckpointFiles

  init(_ workload: Workload, _ files: CheckpointFiles) {
    self.workload = workload
    self.files = files
  }

  /// What is run for an operation.
  func trial(of operation: Operation) -> Trial {
    let prefix = files.fixture
    return switch operation {
    case .save: save(isDurable: false)
    case .saveDurable: save(isDurable: true)
    case .restore, .restoreCold:
      trial(operation) { LimitBundle(restoring: prefix, lim_into_new_memory) }
    case .restoreInPlace: restoreInPlace()
    case .restoreMapped: trial(operation) { LimitBundle(restoring: prefix, lim_mapped) }
    case .restoreMappedChecked:
      trial(operation) { LimitBundle(restoring: prefix, lim_mapped_and_checked) }
    case .list: trial(operation) { LimitBundle(opening: prefix) }
    case .holdUp: holdUp()
    case .merge: merge(isDurable: false)
    case .mergeDurable: merge(isDurable: true)
    case .one, .oneSmall:
      trial(operation) {
        LimitBundle(restoring: prefix, key: workload.single[operation] ?? "")
      }
    }
  }

  private func save(isDurable: Bool) -> Trial {
    let model = LimitBundle(restoring: files.fixture, lim_into_new_memory)
    return Trial(
      run: { model.save(to: files.output, isDurable: isDurable) }, finish: { files.removeOutput() })
  }

  // A snapshot that shares memory: at least, it counts a reference to each tensor.
  private func holdUp() -> Trial {
    let model = LimitBundle(restoring: files.fixture, lim_into_new_memory)
    return Trial(run: { model.noteTensors() })
  }

  private func merge(isDurable: Bool) -> Trial {
    let parts = PartFiles(workload, files)
    return Trial(
      prepare: parts.link,
      run: { unsafe lim_merge(parts.beginning, parts.count, files.output, isDurable ? 1 : 0) },
      finish: { try parts.remove() })
  }

  private func restoreInPlace() -> Trial {
    let model = LimitBundle(restoring: files.fixture, lim_into_new_memory)
    return trial(.restoreInPlace) {
      LimitBundle(restoring: files.fixture, lim_into_old_memory, model: model)
    }
  }

  private func trial(_ operation: Operation, _ body: @escaping () -> LimitBundle) -> Trial {
    Trial(prepare: { if operation.isCold { files.setCached(false) } }, run: body)
  }
}
