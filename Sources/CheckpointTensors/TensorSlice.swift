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

/// Where a part of a partitioned variable belongs: TensorFlow's `shape_and_slices`.
///
///     let part = try SliceSpec("4 3 0,2:-")
///     print(part.fullShape, part.slice)  // [4, 3] 0,2:-
///
/// Source: tensorflow/core/util/saved_tensor_slice_util.cc, `ParseShapeAndSlice`.
public struct SliceSpec: Hashable, Sendable, CustomStringConvertible {
  // Whatever may have a part most often has none: it stays small if a part lies elsewhere.
  private final class Place: Sendable {
    let fullShape: TensorShape
    let slice: TensorSlice

    init(_ fullShape: TensorShape, _ slice: TensorSlice) {
      self.fullShape = fullShape
      self.slice = slice
    }
  }

  private let place: Place

  /// The shape of the whole tensor.
  public var fullShape: TensorShape { place.fullShape }

  /// The part.
  public var slice: TensorSlice { place.slice }

  /// Creates a specification.
  ///
  /// - Throws: `mismatch` if the slice does not fit the shape.
  public init(fullShape: TensorShape, slice: TensorSlice) throws(CheckpointError) {
    _ = try slice.region(in: fullShape)
    place = Place(fullShape, slice)
  }

  /// Parses the text form: the full dimensions and the slice, separated by single spaces.
  ///
  /// - Throws: `invalidArgument` for a text of another form; `mismatch` if the slice does not fit.
  public init(_ text: String) throws(CheckpointError) {
    var fields = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
    let slice = fields.removeLast()  // `split` gives at least one field
    var dimensions: [Int] = []
    for field in fields {
      guard let dimension = Int(field), dimension >= 0 else { throw Self.malformed(text) }
      dimensions.append(dimension)
    }
    guard !dimensions.isEmpty else { throw Self.malformed(text) }
    guard let slice = TensorSlice(text: slice) else { throw Self.malformed(text) }
    do throws(CheckpointError) {
      try self.init(fullShape: TensorShape(stored: dimensions), slice: slice)
    } catch {
      throw CheckpointError(.invalidArgument, "slice specification '\(text)': \(error.message)")
    }
  }

  /// Whether two parts have the same place in tensors of the same shape.
  public static func == (left: SliceSpec, right: SliceSpec) -> Bool {
    left.fullShape == right.fullShape && left.slice == right.slice
  }

  /// Hashes shape and part.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(fullShape)
    hasher.combine(slice)
  }

  private static func malformed(_ text: String) -> CheckpointError {
    CheckpointError(
      .invalidArgument,
      "slice specification '\(text)' is not of the form '4 3 0,2:-': dimensions, then the slice")
  }

  /// The text form: `4 3 0,2:-`.
  public var description: String {
    (fullShape.dimensions.map(String.init) + [slice.description]).joined(separator: " ")
  }
}
