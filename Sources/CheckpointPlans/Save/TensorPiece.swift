import CheckpointIO
import CheckpointTensors

/// A rectangular piece of a tensor, as a tensor to be written: without a copy, if its elements lie
/// together.
final class TensorPiece: TensorStorable {
  /// What the piece is.
  let tensorSpec: TensorSpec
  private let whole: any TensorStorable
  private let region: TensorRegion

  /// The piece of `whole` in a region that lies within.
  init(of whole: any TensorStorable, _ region: TensorRegion) {
    self.whole = whole
    self.region = region
    tensorSpec = TensorSpec(whole.tensorSpec.dtype, region.shape)
  }

  // The elements from the whole to here.
  private var runs: ElementRuns {
    ElementRuns(of: region, from: TensorRegion(all: whole.tensorSpec.shape), to: region)
  }

  func withTensorBytes<Result>(_ body: (RawSpan) throws(CheckpointError) -> Result)
    throws(CheckpointError) -> Result
  {
    guard let run = runs.single, let width = tensorSpec.dtype.byteWidth else {
      return try tensorSnapshot().withTensorBytes(body)
    }
    return try whole.withTensorBytes { bytes throws(CheckpointError) in
      let range = run.source(width: width)
      guard range.upperBound <= bytes.byteCount else {
        throw CheckpointError(.mismatch, "the variable has \(bytes.byteCount) bytes, too few")
      }
      return try body(bytes.extracting(range))
    }
  }

  func tensorSnapshot() throws(CheckpointError) -> AnyTensor {
    try whole.tensorSnapshot().elements(tensorSpec) { copy in
      for run in runs { copy(run.source, run.target, run.count) }
    }
  }

  func setTensor(_ tensor: AnyTensor) {
    preconditionFailure("only a plan to save has pieces, and nothing restores into it")
  }
}
