import CheckpointIO

/// What the author of a path to a directory without a checkpoint may have meant.
///
/// It is a hint, and no more: of a large directory not all is looked at, no file is opened that does not look
/// as if it were a checkpoint, and what cannot be looked at is passed over.
struct DirectoryHint {
  private let path: String
  private let fileSystem: any FileSystem

  init(_ path: String, _ fileSystem: any FileSystem) {
    (self.path, self.fileSystem) = (path, fileSystem)
  }

  private func names(in directory: String) -> [String] {
    Array((try? fileSystem.namesInDirectory(directory).sorted())?.prefix(Self.mostNames) ?? [])
  }

  private static let mostNames = 256

  // MARK: Files

  /// Why a file in it that looks as if it were a checkpoint is none; `nil` if there is no such file.
  var reason: String? {
    for name in names(in: path) { if let reason = reason(against: name) { return reason } }
    return nil
  }

  private func reason(against name: String) -> String? {
    let file = Path.join(path, name)
    if case .data(let data) = CheckpointFileName(name) {
      return "of '\(data.prefix)' there is no index, only '\(name)', which says nothing without it"
    }
    guard Self.looksLikeCheckpoint(name) else { return nil }
    guard (try? fileSystem.isDangling(file)) != true else {
      return "'\(name)' is a symbolic link that leads to nothing"
    }
    guard let content = ForeignContent(inPlaceOfCheckpoint: file, fileSystem) else { return nil }
    return "'\(name)' is \(content.what); \(content.advice)"
  }

  // By the names that people and programs give to models and weights.
  private static func looksLikeCheckpoint(_ name: String) -> Bool {
    CheckpointName.isSafetensors(name) || name.contains("ckpt") || name.hasSuffix(".index")
      || endings.contains { name.lowercased().hasSuffix($0) }
  }

  private static let endings = [
    ".bin", ".pt", ".pth", ".h5", ".hdf5", ".keras", ".npz", ".gguf", ".tflite", ".onnx",
  ]

  // MARK: Directories

  /// Directories below it that have a checkpoint, a few at most.
  ///
  /// They may lie deeper, `models--a--b/snapshots/1a2b3c` or `model/00000123/variables`: three levels are
  /// looked at.
  var directoriesBelow: [String] {
    var found: [String] = []
    var waiting = directories(in: path).map { (path: $0, depth: 1) }[...]
    var looks = 0
    while let place = waiting.popFirst(), looks < Self.mostNames, found.count <= Self.mostFound {
      looks += 1
      if hasCheckpoint(place.path) {
        found.append(place.path)
      } else if place.depth < 3 {
        waiting += directories(in: place.path).map { ($0, place.depth + 1) }
      }
    }
    return found
  }

  private static let mostFound = 5

  // The blobs of a Hugging Face cache are what the links in its snapshots lead to.
  private func directories(in directory: String) -> [String] {
    let names = names(in: directory)
    let isCache = names.contains("blobs") && names.contains("snapshots")
    return names.filter { !(isCache && $0 == "blobs") }.map { Path.join(directory, $0) }.filter {
      (try? fileSystem.status(of: $0))??.kind == .directory
    }
  }

  private func hasCheckpoint(_ directory: String) -> Bool {
    let variables = Path.join(directory, "variables/variables")
    if (try? fileSystem.hasBundle(at: variables)) == true { return true }
    guard
      let listing = try? DirectoryListing(
        of: directory, names: names(in: directory), fileSystem: fileSystem)
    else { return false }
    return listing.candidates.contains { candidate in
      guard !candidate.isSingle || Self.looksLikeCheckpoint(candidate.name.name) else {
        return false
      }
      return ((try? listing.checkpoint(candidate)) ?? nil) != nil
    }
  }
}
