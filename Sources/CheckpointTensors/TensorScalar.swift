package import CheckpointIO

/// A Swift type that a tensor's elements can have.
///
/// The integers, `Float`, `Double`, `Float16`, ``BFloat16``, ``Complex64``, ``Complex128``, `Bool`,
/// `String` and `[UInt8]` (byte strings that need not be text) conform. A `BitwiseCopyable` type of
/// one's own needs its dtype only:
///
///     extension MyComplex: TensorScalar {
///       static var dtype: DType { .complex64 }  // its memory: two Floats
///     }
public protocol TensorScalar: Sendable {
  /// The dtype whose elements these are.
  static var dtype: DType { get }
  /// How elements lie in memory; of a `BitwiseCopyable` type, as they are.
  static var form: Tensor<Self>.Form { get }
}

extension TensorScalar where Self: BitwiseCopyable {
  /// The memory as it is.
  public static var form: Tensor<Self>.Form { Tensor<Self>.Form() }
}

extension Tensor {
  /// How the elements of a type lie in memory, and what they are in files.
  ///
  /// For a `BitwiseCopyable` type both are the same bytes, and ``TensorScalar/form`` need not be
  /// implemented.
  public struct Form: Sendable {
    /// The elements in the form that files have.
    package let contents: @Sendable (_ storage: TensorStorage, _ count: Int) -> TensorContents
    /// The memory of elements that are in the form that files have.
    package let storage:
      @Sendable (_ contents: TensorContents, _ count: Int) throws(CheckpointError) -> TensorStorage
  }
}

extension Tensor.Form where Scalar: BitwiseCopyable {
  /// The memory itself: nothing is copied.
  public init() {
    self.init(
      contents: { storage, _ in .bytes(storage) },
      storage: { contents, count throws(CheckpointError) in
        guard case .bytes(let storage) = contents,
          storage.byteCount == count * MemoryLayout<Scalar>.stride
        else { throw .misfit(Scalar.dtype, count: count) }
        // A type of somebody's own may ask for more than its dtype, and a mapped file begins anywhere.
        return storage.isAligned(for: Scalar.self) ? storage : TensorStorage(copying: storage.bytes)
      })
  }
}

/// The elements of a tensor, without its shape: in the memory of fixed-width numbers, or as strings.
package enum TensorContents: Sendable {
  /// Fixed-width elements: row-major, densely packed, in this machine's byte order.
  case bytes(TensorStorage)
  /// Elements of any length: byte strings, or serialized variants.
  case strings([[UInt8]])
}

extension TensorContents {
  /// Calls `body` with fixed-width elements.
  ///
  /// - Throws: `unsupported` if they are not; what `body` throws.
  package func withBytes<Result>(
    of dtype: DType, _ body: (RawSpan) throws(CheckpointError) -> Result
  ) throws(CheckpointError) -> Result {
    guard case .bytes(let storage) = self else {
      throw CheckpointError(.unsupported, "\(dtype.name) elements have no fixed width")
    }
    return try storage.read(body)
  }
}

extension CheckpointError {
  static func misfit(_ dtype: DType, count: Int) -> CheckpointError {
    CheckpointError(.mismatch, "these are not the contents of \(count) elements of \(dtype.name)")
  }
}

extension Float: TensorScalar {
  /// `float32`.
  public static var dtype: DType { .float32 }
}
extension Double: TensorScalar {
  /// `float64`.
  public static var dtype: DType { .float64 }
}
extension Int8: TensorScalar {
  /// `int8`.
  public static var dtype: DType { .int8 }
}
extension Int16: TensorScalar {
  /// `int16`.
  public static var dtype: DType { .int16 }
}
extension Int32: TensorScalar {
  /// `int32`.
  public static var dtype: DType { .int32 }
}
extension Int64: TensorScalar {
  /// `int64`.
  public static var dtype: DType { .int64 }
}
extension Int: TensorScalar {
  /// `int64`.
  public static var dtype: DType { .int64 }
}
extension UInt8: TensorScalar {
  /// `uint8`.
  public static var dtype: DType { .uint8 }
}
extension UInt16: TensorScalar {
  /// `uint16`.
  public static var dtype: DType { .uint16 }
}
extension UInt32: TensorScalar {
  /// `uint32`.
  public static var dtype: DType { .uint32 }
}
extension UInt64: TensorScalar {
  /// `uint64`.
  public static var dtype: DType { .uint64 }
}
extension UInt: TensorScalar {
  /// `uint64`.
  public static var dtype: DType { .uint64 }
}
#if !((os(macOS) || targetEnvironment(macCatalyst)) && arch(x86_64))
extension Float16: TensorScalar {
  /// `float16`.
  public static var dtype: DType { .float16 }
}
#endif

extension Bool: TensorScalar {
  /// `bool`.
  public static var dtype: DType { .bool }

  /// Bytes; in memory every one that is not 0 is 1: others are no Swift `Bool`.
  public static var form: Tensor<Bool>.Form {
    Tensor<Bool>.Form(contents: { storage, _ in .bytes(storage) }, storage: storage)
  }

  private static func storage(from contents: TensorContents, count: Int) throws(CheckpointError)
    -> TensorStorage
  {
    guard case .bytes(let storage) = contents, storage.byteCount == count else {
      throw .misfit(dtype, count: count)
    }
    let bytes = storage.bytes
    guard (0..<count).contains(where: { bytes.byte(at: $0) > 1 }) else { return storage }
    return TensorStorage((0..<count).map { bytes.byte(at: $0) == 0 ? 0 : 1 as UInt8 })
  }
}

extension String: TensorScalar {
  /// `string`.
  public static var dtype: DType { .string }

  /// The strings' UTF-8; other bytes are no `String`.
  public static var form: Tensor<String>.Form {
    Tensor<String>.Form(contents: contents, storage: storage)
  }

  private static func contents(of storage: TensorStorage, count: Int) -> TensorContents {
    .strings(storage.elements(of: String.self, count: count).map { Array($0.utf8) })
  }

  // Each has to be UTF-8.
  private static func storage(from contents: TensorContents, count: Int) throws(CheckpointError)
    -> TensorStorage
  {
    guard case .strings(let elements) = contents, elements.count == count else {
      throw .misfit(dtype, count: count)
    }
    var strings: [String] = []
    for (index, element) in elements.enumerated() {
      guard let string = String(validating: element, as: UTF8.self) else {
        throw CheckpointError(
          .mismatch, "element \(index) is not UTF-8 text; read it as Tensor<[UInt8]>")
      }
      strings.append(string)
    }
    return TensorStorage(strings)
  }
}

extension [UInt8]: TensorScalar {
  /// `string`.
  public static var dtype: DType { .string }

  /// The byte strings.
  public static var form: Tensor<[UInt8]>.Form {
    Tensor<[UInt8]>.Form(contents: contents, storage: storage)
  }

  private static func contents(of storage: TensorStorage, count: Int) -> TensorContents {
    .strings(storage.elements(of: [UInt8].self, count: count))
  }

  private static func storage(from contents: TensorContents, count: Int) throws(CheckpointError)
    -> TensorStorage
  {
    guard case .strings(let elements) = contents, elements.count == count else {
      throw .misfit(dtype, count: count)
    }
    return TensorStorage(elements)
  }
}

extension TensorStorage {
  // The values that the initializer put there.
  fileprivate func elements<Element: TensorScalar>(of type: Element.Type, count: Int) -> [Element] {
    precondition(byteCount == count * MemoryLayout<Element>.stride)
    let memory = unsafe UnsafeBufferPointer(
      start: start.assumingMemoryBound(to: type), count: count)
    return unsafe Array(memory)
  }
}
