/// What is measured of a workload.
enum Operation: String {
  case save
  case saveDurable = "save durable"
  case restore
  case restoreInPlace = "restore in place"
  case restoreMapped = "restore mapped"
  case restoreMappedChecked = "restore mapped checked"
  case restoreCold = "restore cold"
  case list
  case one
  case oneSmall = "one small"
  case holdUp = "hold-up"
  case merge
  case mergeDurable = "merge durable"

  /// Whether it writes a checkpoint of its own.
  var isSave: Bool {
    [.save, .saveDurable, .holdUp, .merge, .mergeDurable].contains(self)
  }

  /// Whether the page cache is emptied before each run.
  var isCold: Bool { self == .restoreCold }

  /// How much memory the operation may take on top of what the process has, in bytes, for a workload
  /// of a size; `nil` where nothing is promised.
  func memoryAllowance(byteCount: Int) -> Int? {
    let buffers = 16 << 20
    return switch self {
    case .save, .saveDurable, .restoreInPlace, .holdUp: buffers
    case .restore, .restoreCold, .one, .oneSmall: byteCount + buffers
    case .merge, .mergeDurable: 150_000_000
    case .list, .restoreMapped, .restoreMappedChecked: nil
    }
  }
}
