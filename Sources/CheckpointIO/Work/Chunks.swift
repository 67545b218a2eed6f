/// A range cut into pieces of equal length, but for the last.
package struct Chunks: RandomAccessCollection {
  private let range: Range<Int>
  private let length: Int

  /// Cuts a range; `length` is positive.
  package init(of range: Range<Int>, by length: Int) {
    self.range = range
    self.length = length
  }

  package var startIndex: Int { 0 }
  package var endIndex: Int { range.count / length + (range.count % length == 0 ? 0 : 1) }

  package subscript(number: Int) -> Range<Int> {
    let start = range.lowerBound + number * length  // before `upperBound`: the number is an index
    return start..<start + Swift.min(length, range.upperBound - start)
  }
}
