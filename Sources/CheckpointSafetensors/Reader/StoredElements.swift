import CheckpointIO
import CheckpointTensors

/// The elements of one tensor in its file.
struct StoredElements {
  let file: any ReadableFile
  /// Where the first one is, in the file.
  let start: UInt64

  /// Reads runs of elements of `width` bytes, each to its place.
  ///
  /// A long run is read to where it goes. Short ones that lie close together are read at once, with
  /// what is between them, and copied.
  func read(_ runs: ElementRuns, width: Int, into output: inout MutableRawSpan)
    throws(CheckpointError)
  {
    var rest = runs
    var buffer: TensorStorage?
    while let window = Window(&rest, width: width) {
      if window.runCount == 1 {
        var place = output._mutatingExtracting(window.first.target(width: width))
        try file.read(into: &place, at: start + UInt64(window.bytes.lowerBound))
        continue
      }
      let storage = buffer ?? TensorStorage(uninitializedByteCount: Window.mostBytes)
      buffer = storage
      try storage.withMutableBytes { bytes throws(CheckpointError) in
        var part = bytes._mutatingExtracting(0..<window.bytes.count)
        try file.read(into: &part, at: start + UInt64(window.bytes.lowerBound))
        window.copyRuns(from: part.bytes, to: &output)
      }
    }
  }
}

/// Runs that are read at once: those that lie within a buffer's length.
private struct Window {
  static let mostBytes = 256 << 10

  let first: ElementRun
  let runCount: Int
  /// From the beginning of the first run to the end of the last, in the tensor.
  let bytes: Range<Int>
  private let runs: ElementRuns
  private let width: Int

  /// Takes as many runs as fit, and the first in any case; `nil` if there are no more.
  init?(_ rest: inout ElementRuns, width: Int) {
    runs = rest
    self.width = width
    guard let first = rest.next() else { return nil }
    let start = first.source(width: width).lowerBound
    var (count, end) = (1, first.source(width: width).upperBound)
    var ahead = rest
    while let run = ahead.next(), run.source(width: width).upperBound - start <= Self.mostBytes {
      end = run.source(width: width).upperBound
      count += 1
      rest = ahead
    }
    (self.first, runCount, bytes) = (first, count, start..<end)
  }

  /// Copies each run out of the window's bytes.
  func copyRuns(from source: RawSpan, to output: inout MutableRawSpan) {
    for run in runs.prefix(runCount) {
      let place = run.source(width: width)
      let here = place.lowerBound - bytes.lowerBound..<place.upperBound - bytes.lowerBound
      output.copy(source.extracting(here), to: run.target(width: width).lowerBound)
    }
  }
}
