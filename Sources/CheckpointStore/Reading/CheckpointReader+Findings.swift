import CheckpointBundle
import CheckpointIO
import CheckpointSafetensors
import CheckpointSlices

extension CheckpointReader {
  /// Everything that is wrong with the checkpoint, which is read from end to end.
  ///
  /// - Parameter progress: Called every few megabytes, from any thread but one at a time, with the number
  ///   of bytes that have been checked, and of all there are.
  /// - Returns: What was found.
  func findings(_ progress: @escaping @Sendable (UInt64, UInt64) -> Void) -> VerificationFindings {
    let findings =
      switch reader {
      case let reader as BundleReader: BundleVerifier(reader).verify(progress: progress)
      case let reader as SlicesReader: SlicesVerifier(reader).verify(progress: progress)
      case let reader as SafetensorsReader: SafetensorsVerifier(reader).verify(progress: progress)
      default: preconditionFailure("these are the formats that there are")
      }
    return named(findings)
  }

  /// What is wrong with the places that the index gives: no value is read.
  ///
  /// Opening a V1 or a safetensors file has read its list of tensors, and found all files to be there.
  func findingsOfPlaces() -> VerificationFindings? {
    (reader as? BundleReader).map { named(BundleVerifier($0).verifyPlaces()) }
  }

  private func named(_ findings: VerificationFindings) -> VerificationFindings {
    var findings = findings
    findings.problems.nameForeignContent(in: fileSystem)
    return findings
  }
}
