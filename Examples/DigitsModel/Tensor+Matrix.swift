import Checkpoints

// The package stores tensors, and leaves arithmetic to others: a model usually brings its own array
// type. Here loops over the elements are enough.

extension Tensor<Float> {
  /// A sum plus the product of a row and this matrix.
  func rowProduct(_ row: [Float], addedTo sum: [Float]) -> [Float] {
    let elements = scalars
    var result = sum
    for (index, factor) in row.enumerated() where factor != 0 {
      let start = index * result.count
      for column in result.indices { result[column] += factor * elements[start + column] }
    }
    return result
  }

  /// The product of this matrix and a column.
  func columnProduct(_ column: [Float]) -> [Float] {
    let elements = scalars
    return stride(from: 0, to: elements.count, by: column.count).map { start in
      var sum: Float = 0
      for index in column.indices { sum += column[index] * elements[start + index] }
      return sum
    }
  }

  /// Adds a multiple of the matrix of all products of two elements.
  mutating func addOuterProduct(_ rows: [Float], _ columns: [Float], scale: Float) {
    var elements = mutableScalars
    for (index, row) in rows.enumerated() where row != 0 {
      let start = index * columns.count
      let scale = scale * row
      for column in columns.indices { elements[start + column] += scale * columns[column] }
    }
  }
}
