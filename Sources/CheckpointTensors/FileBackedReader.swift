package import CheckpointIO

/// A reader whose files may be closed, and are opened again when they are needed.
package protocol FileBackedReader: TensorReader {
  /// Closes all files until they are needed.
  ///
  /// Whoever reads later gets the same checkpoint, or an error that says that it was deleted (`notFound`)
  /// or replaced (`busy`) meanwhile: the files are compared by device, number, size and time.
  ///
  /// - Parameter keepsChecksum: Whether the checksum of what the tensors are looked up in is compared as
  ///   well, as far as a format has a file for that alone: for readers that stay closed for long.
  func closeFiles(keepsChecksum: Bool)

  /// What has become of the checkpoint since it was opened; `nil` if it stands.
  ///
  /// - Throws: `io` if the system fails.
  func change() throws(CheckpointError) -> FileChange?
}

extension TensorReader {
  /// Closes all files until they are needed, if the reader has files.
  package func closeFilesIfAny(keepsChecksum: Bool = false) {
    (self as? any FileBackedReader)?.closeFiles(keepsChecksum: keepsChecksum)
  }

  /// What has become of the checkpoint since it was opened; `nil` if it stands, or has no files.
  package func changeIfAny() throws(CheckpointError) -> FileChange? {
    try (self as? any FileBackedReader)?.change()
  }
}
