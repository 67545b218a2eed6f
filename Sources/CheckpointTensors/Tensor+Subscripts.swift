// One element by its indices. Those of one and two dimensions are by themselves: they are used in loops, where an
// array of the indices for each element would take more time than all the rest.

extension Tensor {
  /// One element, by its index in each dimension.
  ///
  /// - Precondition: As many indices as dimensions, each within its dimension.
  @inlinable
  public subscript(indices: Int...) -> Scalar {
    get { self[position: position(indices)] }
    set { self[position: position(indices)] = newValue }
  }

  /// One element of a tensor of one dimension.
  ///
  /// - Precondition: There is one dimension, and the index is within it.
  @inlinable
  public subscript(index: Int) -> Scalar {
    get { self[position: position(index)] }
    set { self[position: position(index)] = newValue }
  }

  /// One element of a tensor of two dimensions.
  ///
  /// - Precondition: There are two dimensions, and each index is within its dimension.
  @inlinable
  public subscript(row: Int, column: Int) -> Scalar {
    get { self[position: position(row, column)] }
    set { self[position: position(row, column)] = newValue }
  }

  /// One element by its place in row-major order, which `position` has checked.
  @inlinable
  subscript(position position: Int) -> Scalar {
    get { unsafe scalars[unchecked: position] }
    set {
      var scalars = mutableScalars
      unsafe scalars[unchecked: position] = newValue
    }
  }

  @inlinable
  func position(_ index: Int) -> Int {
    guard shape.rank == 1, index >= 0, index < shape.elementCount else { refuse([index]) }
    return index
  }

  @inlinable
  func position(_ row: Int, _ column: Int) -> Int {
    guard shape.rank == 2, row >= 0, row < shape[0], column >= 0, column < shape[1] else {
      refuse([row, column])
    }
    return row * shape[1] + column  // less than the number of elements
  }

  @usableFromInline
  func position(_ indices: [Int]) -> Int {
    precondition(indices.count == shape.rank, "\(indices.count) indices for a tensor \(shape)")
    var position = 0
    for (axis, index) in indices.enumerated() {
      precondition(index >= 0 && index < shape[axis], "index \(index) of \(shape[axis])")
      position = position * shape[axis] + index  // less than the number of elements
    }
    return position
  }

  @usableFromInline
  func refuse(_ indices: [Int]) -> Never {
    preconditionFailure("there is no element \(indices) in a tensor \(shape)")
  }
}
