import CheckpointIO
import CheckpointTensors

/// Reads some runs of a payload, and not what lies between them.
///
/// The checksum is one of the whole payload: it cannot be compared. What lies between runs is read with them if
/// it is next to nothing, or if there are several in a page: the system reads whole pages.
struct SparsePayload {
  private let reader: PayloadReader
  private static let pageByteCount = 4096
  private static let largestSurplus = 32  // one in so many

  init(_ reader: PayloadReader) { self.reader = reader }

  /// Reads runs of elements, in the file's byte order, each to its place.
  func read(_ runs: ElementRuns, width: Int, into output: inout MutableRawSpan)
    throws(CheckpointError)
  {
    let payload = reader.payload
    guard payload.range.count > 0 else { return }
    let file = try reader.shards.file(payload.shard, holding: payload.range)
    var buffer: [UInt8] = []
    var stretch: [ElementRun] = []
    for run in runs {
      if let first = stretch.first, let last = stretch.last {
        let end = run.source(width: width).upperBound
        let gap = (run.source - last.source - last.count) * width
        let isNear =
          gap * Self.largestSurplus <= last.count * width
          || gap + last.count * width < Self.pageByteCount
        let fits = end - first.source * width <= PayloadReader.chunkByteCount
        if !isNear || !fits {
          try read(stretch, of: file, width, &buffer, into: &output)
          stretch.removeAll(keepingCapacity: true)
        }
      }
      stretch.append(run)
    }
    try read(stretch, of: file, width, &buffer, into: &output)
  }

  // Reads several runs that are near each other, or a single run of any length.
  private func read(
    _ stretch: [ElementRun], of file: any ReadableFile, _ width: Int, _ buffer: inout [UInt8],
    into output: inout MutableRawSpan
  ) throws(CheckpointError) {
    guard let first = stretch.first, let last = stretch.last else { return }
    let start = first.source(width: width).lowerBound
    let offset = reader.payload.range.offset + UInt64(start)
    guard stretch.count > 1 else {
      var place = output._mutatingExtracting(first.target(width: width))
      return try file.read(into: &place, at: offset)
    }
    let count = last.source(width: width).upperBound - start
    if buffer.count < count { buffer = [UInt8](repeating: 0, count: count) }
    var span = buffer.mutableSpan
    var bytes = unsafe span.mutableBytes  // every pattern of bits is a UInt8
    var part = bytes._mutatingExtracting(0..<count)
    try file.read(into: &part, at: offset)
    for run in stretch {
      let source = run.source(width: width)
      let piece = part.bytes.extracting(source.lowerBound - start..<source.upperBound - start)
      output.copy(piece, to: run.target(width: width).lowerBound)
    }
  }
}
