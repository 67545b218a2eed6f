import CheckpointPlatform

// Listing a directory. The end of it and a failure look the same, and only `errno` tells one from the
// other: a list that a failure has cut short must not pass for the whole.

extension LocalFileSystem {
  package func namesInDirectory(_ path: String) throws(CheckpointError) -> [String] {
    try checkPath(path)
    let opening = { unsafe opendir(path) }
    let stream = unsafe try systemCall("list directory", file: path, orNil: opening)
    guard let directory = unsafe stream else {
      preconditionFailure("opendir gives a stream or sets errno, see opendir(3)")
    }
    defer { unsafe closedir(directory) }
    var names: [String] = []
    let next: () -> UnsafeMutablePointer<dirent>? = { unsafe readdir(directory) }
    while let entry = unsafe try systemCall("list directory", file: path, orNil: next) {
      let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        // Names are NUL-terminated within `d_name`; one that is no UTF-8 is no name of ours.
        let text = unsafe UnsafeRawBufferPointer(rebasing: bytes.prefix { $0 != 0 })
        return unsafe String(validating: text, as: UTF8.self)
      }
      if let name, name != ".", name != ".." { names.append(name) }
    }
    return names
  }
}
