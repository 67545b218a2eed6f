public import CheckpointIO

/// A rectangular part of a tensor: one extent for each dimension.
///
/// Written `0,2:-`: from 0 on 2 of the first dimension, all of the second.
/// Source: tensorflow/core/framework/tensor_slice.h.
public struct TensorSlice: Hashable, Sendable, CustomStringConvertible {
  /// A part of one dimension.
  public enum Extent: Hashable, Sendable {
    /// All of it.
    case full
    /// `length` elements from `start` on.
    case range(start: Int, length: Int)
  }

  /// One extent for each dimension, outermost first.
  public var extents: [Extent]

  /// Creates a slice; whether it fits a shape is checked where it meets one.
  public init(_ extents: [Extent]) { self.extents = extents }

  /// The slice of ranges that start at `starts` and are as long as the dimensions of `shape`.
  public init(starts: [Int], shape: TensorShape) {
    extents = zip(starts, shape.dimensions).map { .range(start: $0, length: $1) }
  }

  /// Everything of a tensor of `rank` dimensions.
  public static func all(rank: Int) -> TensorSlice {
    TensorSlice(Array(repeating: .full, count: rank))
  }

  /// Parses TensorFlow's text form; `nil` for a text of another form.
  package init?(text: String) {
    extents = []
    for item in text.split(separator: ":") {  // TensorFlow skips empty items
      let numbers = item.split(separator: ",").map { Int($0) }
      if item == "-" {
        extents.append(.full)
      } else if numbers.count == 2, let start = numbers[0], let length = numbers[1] {
        extents.append(.range(start: start, length: length))
      } else {
        return nil
      }
    }
  }

  /// TensorFlow's text form: extents joined by `:`, `-` for all, else `start,length`.
  public var description: String {
    extents.map { extent in
      switch extent {
      case .full: "-"
      case .range(let start, let length): "\(start),\(length)"
      }
    }.joined(separator: ":")
  }

  /// The region of a tensor that this slice stands for.
  ///
  /// - Throws: `mismatch` if the ranks differ, or if an extent is empty or leaves its dimension.
  public func region(in shape: TensorShape) throws(CheckpointError) -> TensorRegion {
    guard extents.count == shape.rank else {
      throw CheckpointError(
        .mismatch,
        "slice \(self) has \(extents.count) dimensions, the tensor \(shape) has \(shape.rank)")
    }
    var starts: [Int] = []
    var lengths: [Int] = []
    for (extent, dimension) in zip(extents, shape.dimensions) {
      switch extent {
      case .full:
        starts.append(0)
        lengths.append(dimension)
      case .range(let start, let length):
        // `dimension - length` cannot overflow: both are at least 0 where it is computed.
        guard start >= 0, length >= 1, length <= dimension, start <= dimension - length else {
          throw CheckpointError(.mismatch, "slice \(self) leaves the tensor's shape \(shape)")
        }
        starts.append(start)
        lengths.append(length)
      }
    }
    return TensorRegion(starts: starts, shape: TensorShape(lengths))
  }
}

/// A slice with all its numbers: where it starts in each dimension, and its shape.
public struct TensorRegion: Hashable, Sendable {
  /// The first index in each dimension.
  public var starts: [Int]
  /// The lengths.
  public var shape: TensorShape

  /// Creates a region.
  public init(starts: [Int], shape: TensorShape) {
    self.starts = starts
    self.shape = shape
  }

  /// The region of a whole tensor.
  public init(all shape: TensorShape) {
    self.init(starts: Array(repeating: 0, count: shape.rank), shape: shape)
  }

  /// What two regions of one tensor have in common; `nil` if nothing.
  public func intersection(_ other: TensorRegion) -> TensorRegion? {
    var starts: [Int] = []
    var lengths: [Int] = []
    for axis in self.starts.indices {
      let start = max(self.starts[axis], other.starts[axis])
      // Regions lie within a shape, so an end is at most a dimension: no overflow.
      let end = min(self.starts[axis] + shape[axis], other.starts[axis] + other.shape[axis])
      guard start < end else { return nil }
      starts.append(start)
      lengths.append(end - start)
    }
    return TensorRegion(starts: starts, shape: TensorShape(lengths))
  }
}
