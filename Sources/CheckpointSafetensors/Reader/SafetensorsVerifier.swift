package import CheckpointIO
import CheckpointTensors

/// Checks what safetensors files let anybody check: their headers, and the index of a model, which opening
/// has checked already, and that every byte can be read.
///
/// The format has no checksums; a note says so.
package struct SafetensorsVerifier {
  private let reader: SafetensorsReader

  package init(_ reader: SafetensorsReader) { self.reader = reader }

  /// Checks everything.
  ///
  /// - Parameter progress: Called now and then with the number of bytes that have been read, and of
  ///   all there are.
  /// - Returns: What was checked, and what was found.
  package func verify(progress: (_ checked: UInt64, _ total: UInt64) -> Void = { _, _ in })
    -> VerificationFindings
  {
    var findings = VerificationFindings()
    findings.tensorCount = reader.catalog.tensors.count
    findings.byteCount = reader.catalog.byteCount
    if let size = reader.wrongSize {
      findings.notes.append(
        "the index says that all tensors take \(size) bytes ('total_size'), they take \(findings.byteCount); "
          + "if the files are right, correct or remove the number")
    }
    findings.notes.append(
      "safetensors files have no checksums: changed values cannot be told from right ones")
    for tensor in reader.unsupportedTensors {
      findings.notes.append(
        "key '\(tensor.key)': its elements are of the type \(tensor.typeName), which is not read here"
      )
    }
    var checked: UInt64 = 0
    for (number, tensor) in reader.catalog.tensors.enumerated() {
      do throws(CheckpointError) {
        try reader.elements(of: tensor).forEachPiece(byteCount: tensor.range.count) { piece in
          checked += UInt64(piece.byteCount)
          progress(checked, findings.byteCount)
        }
      } catch {
        let problem = error.located(
          file: reader.files[tensor.file].file.path, key: tensor.key.description)
        findings.problems.append(problem, place: number)
      }
    }
    return findings
  }
}
