/// One kind of checkpoint, and what is measured with it.
struct Workload {
  /// Parts of a checkpoint that many processes have saved.
  struct Parts {
    /// How many there are.
    let count: Int
    /// Whether each has a slice of each tensor; if not, each has tensors of its own.
    let areSlices: Bool
  }

  /// `W1` and so on.
  let name: String
  /// What it is, for people.
  let title: String
  /// What is measured.
  let operations: [Operation]
  /// Whose files it reads: its own, or those of another workload.
  let fixture: String
  /// How many runs each contender gets.
  let rounds: Int
  /// Names and shapes; none for modules.
  let tensors: [(name: String, shape: [Int])]
  /// How many modules there are, if the tensors are those of objects.
  let moduleCount: Int
  /// Over how many files the library spreads them in a model directory; `nil` for V2, as the limit has it in
  /// any case.
  let modelFileCount: Int?
  /// The parts that are merged, if that is measured.
  let parts: Parts?
  /// The tensors that are read alone.
  let single: [Operation: String]

  init(
    _ name: String, _ title: String, _ operations: [Operation], fixture: String? = nil, rounds: Int,
    tensors: [(name: String, shape: [Int])] = [], moduleCount: Int = 0,
    modelFileCount: Int? = nil, parts: Parts? = nil, single: [Operation: String] = [:]
  ) {
    self.name = name
    self.title = title
    self.operations = operations
    self.fixture = fixture ?? name
    self.rounds = rounds
    self.tensors = tensors
    self.moduleCount = moduleCount
    self.modelFileCount = modelFileCount
    self.parts = parts
    self.single = single
  }

  /// How many bytes an operation moves.
  func byteCount(of operation: Operation) -> Int {
    let wanted = single[operation].map { name in tensors.filter { $0.name == name } } ?? tensors
    let elements = wanted.reduce(0) { $0 + $1.shape.reduce(1, *) }
    return 4 * (elements * (parts?.count ?? 1) + moduleCount * Module.elementCount)
  }
}
