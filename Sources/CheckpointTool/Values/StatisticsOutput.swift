import CheckpointIO
import CheckpointStore
import CheckpointTensors

/// What takes the statistics of one tensor after the other, and shows them.
protocol StatisticsOutput {
  /// Takes those of a tensor.
  mutating func add(_ entry: TensorEntry, _ statistics: TensorStatistics) throws(CheckpointError)
  /// Shows what has not been shown yet.
  mutating func finish() throws(CheckpointError)
}

/// The statistics for people: in columns, which are known when all tensors are.
struct StatisticsTable: StatisticsOutput {
  private let output: StandardOutput
  private var table = TextTable([
    .left("name", widthLimit: EntryTable.nameWidth), .left("dtype"), .right("count"),
    .right("min"), .right("max"), .right("mean"), .right("std"), .right("zeros"), .right("nan"),
    .right("inf"), .left("histogram"),
  ])
  private var (tensorCount, elementCount) = (0, 0)
  private var (nanCount, infiniteCount) = (0, 0)
  private var badTensors: [String] = []

  init(_ output: StandardOutput) { self.output = output }

  mutating func add(_ entry: TensorEntry, _ statistics: TensorStatistics) {
    let name = TensorName.shown(entry.key.bytes)
    let cells = [TextTable.Cell(name, statistics.hasNonFinite ? .red : nil)]
    table.add(cells + Self.cells(entry, statistics))
    tensorCount += 1
    elementCount = elementCount.addingReportingOverflow(statistics.elementCount).partialValue
    nanCount += statistics.nanCount
    infiniteCount += statistics.infiniteCount
    if statistics.hasNonFinite { badTensors.append(name) }
  }

  private static func cells(_ entry: TensorEntry, _ statistics: TensorStatistics)
    -> [TextTable.Cell]
  {
    let (dtype, count) = (entry.spec.dtype.name, "\(statistics.elementCount)")
    guard entry.spec.dtype.byteWidth != nil else {
      let none = Array(repeating: "-", count: 7)
      return ([dtype, count] + none + [entry.byteCount.byteText]).map { TextTable.Cell($0) }
    }
    return [TextTable.Cell(dtype), TextTable.Cell(count)]
      + statistics.valueTexts.map { TextTable.Cell($0) }
      + [
        TextTable.Cell("\(statistics.zeroCount)"), alarming(statistics.nanCount),
        alarming(statistics.infiniteCount),
        TextTable.Cell(HistogramLine.text(statistics.values?.histogram ?? [])),
      ]
  }

  private static func alarming(_ count: Int) -> TextTable.Cell {
    TextTable.Cell("\(count)", count > 0 ? .red : nil)
  }

  func finish() throws(CheckpointError) {
    guard tensorCount > 0 else { return try output.write("no tensors\n") }
    try table.forEachLine { line throws(CheckpointError) in try output.write(line + "\n") }
    let amount = "\(tensorCount.of("tensor")), \(elementCount.of("element"))"
    guard !badTensors.isEmpty else { return try output.write("\(amount)\n") }
    let names = "\(badTensors.count.of("tensor")): \(NameList.text(badTensors))"
    let bad = "\(nanCount) NaN, \(infiniteCount) infinite, in \(names)"
    try output.write("\(amount); \(Paint.red.on(bad))\n")
  }
}

extension TensorStatistics {
  /// The smallest and the largest number, the mean and the standard deviation, as people read them; `-` where there
  /// is none.
  var valueTexts: [String] {
    guard let values else { return ["-", "-", "-", "-"] }
    return [
      values.integers.map { "\($0.minimum)" } ?? values.minimum.shortText,
      values.integers.map { "\($0.maximum)" } ?? values.maximum.shortText,
      values.mean.shortText, values.standardDeviation.shortText,
    ]
  }
}

/// The statistics for programs: an array of objects, each written at once.
struct StatisticsJSON: StatisticsOutput {
  private let output: StandardOutput
  private var separator = "[\n"

  init(_ output: StandardOutput) { self.output = output }

  mutating func add(_ entry: TensorEntry, _ statistics: TensorStatistics) throws(CheckpointError) {
    try output.write(separator + Self.json(entry, statistics).text)
    separator = ",\n"
  }

  func finish() throws(CheckpointError) {
    try output.write(separator == "[\n" ? "[\n]\n" : "\n]\n")
  }

  private static func json(_ entry: TensorEntry, _ statistics: TensorStatistics) -> JSONValue {
    let members =
      JSONValue.name(entry.key) + [
        ("dtype", .string(entry.spec.dtype.name)),
        ("shape", .numbers(entry.spec.shape.dimensions)),
        ("count", .number(statistics.elementCount)),
      ]
    guard entry.spec.dtype.byteWidth != nil else {
      return .object(members + [("bytes", .number(entry.byteCount))])
    }
    let counts: [JSONValue.Member] = [
      ("zeros", .number(statistics.zeroCount)), ("nan", .number(statistics.nanCount)),
      ("infinite", .number(statistics.infiniteCount)),
    ]
    return .object(members + counts + Self.members(statistics.values))
  }

  private static func members(_ values: TensorStatistics.Values?) -> [JSONValue.Member] {
    guard let values else {
      return ["min", "max", "mean", "std", "histogram"].map { ($0, .null) }
    }
    return [
      ("min", values.integers.map { .number($0.minimum) } ?? .raw("\(values.minimum)")),
      ("max", values.integers.map { .number($0.maximum) } ?? .raw("\(values.maximum)")),
      ("mean", .raw("\(values.mean)")), ("std", .raw("\(values.standardDeviation)")),
      ("histogram", .numbers(values.histogram)),
    ]
  }
}
