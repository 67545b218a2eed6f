public import CheckpointIO

extension TensorSlice {
  /// Where a part of a partitioned variable belongs: TensorFlow's `shape_and_slices`.
  ///
  ///     let part = try TensorSlice.Part("4 3 0,2:-")
  ///     print(part.fullShape, part.slice)  // [4, 3] 0,2:-
  ///
  /// Source: tensorflow/core/util/saved_tensor_slice_util.cc, `ParseShapeAndSlice`.
  public struct Part: Hashable, Sendable, CustomStringConvertible {
    // Most values of type `Part?` are nil. Kept in an object, a part does not make all of them large.
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
    public static func == (left: TensorSlice.Part, right: TensorSlice.Part) -> Bool {
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
}

extension TensorSlice.Part {
  /// The place of values of a shape.
  ///
  /// - Throws: `mismatch` if it has another shape than they.
  package func place(of values: TensorSpec) throws(CheckpointError) -> TensorRegion {
    let region = try slice.region(in: fullShape)
    guard region.shape == values.shape else {
      throw CheckpointError(
        .mismatch,
        "slice \(slice) of \(fullShape) has the shape \(region.shape), "
          + "the values have \(values.shape)")
    }
    return region
  }
}
