import CheckpointIO
import CheckpointTensors

extension AnyTensor {
  /// What prints the tensor's elements; long strings in full if it is to be the whole tensor.
  func elementPrinter(isWhole: Bool) -> any ElementPrinter {
    switch contents {
    case .strings(let elements):
      let isVariant = spec.dtype == .variant
      return WordPrinter(isAligned: false) { index in
        isVariant
          ? VariantText.of(elements[index])
          : StringText.of(elements[index], isWhole: isWhole)
      }
    case .bytes(let storage):
      return storage.elementPrinter(spec.dtype)
    }
  }
}

extension TensorStorage {
  fileprivate func elementPrinter(_ dtype: DType) -> any ElementPrinter {
    switch dtype {
    case .float32: FloatPrinter { self.float($0) }
    case .float64: FloatPrinter { self.double($0) }
    case .complex64: ComplexPrinter { self.float($0) }
    case .complex128: ComplexPrinter { self.double($0) }
    default: SmallFloat(dtype).map { smallFloats($0, dtype) } ?? words(dtype)
    }
  }

  private func float(_ index: Int) -> NumberColumn.Value {
    let value = Float(bitPattern: number(index))
    return NumberColumn.Value(Double(value), shortest: value.description)
  }

  private func double(_ index: Int) -> NumberColumn.Value {
    let value = Double(bitPattern: number(index))
    return NumberColumn.Value(Double(value), shortest: value.description)
  }

  private func smallFloats(_ format: SmallFloat, _ dtype: DType) -> any ElementPrinter {
    let isByte = dtype.byteWidth == 1
    return FloatPrinter { index in
      let bits: UInt16 = isByte ? UInt16(self.bytes.byte(at: index)) : self.number(index)
      return NumberColumn.Value(format.value(bits), shortest: format.shortest(bits))
    }
  }

  private func words(_ dtype: DType) -> any ElementPrinter {
    WordPrinter(isAligned: true) { index in
      switch dtype {
      case .bool: self.bytes.byte(at: index) == 0 ? "False" : "True"
      case .int8, .qint8: self.word(index, Int8.self)
      case .int16, .qint16: self.word(index, Int16.self)
      case .int32, .qint32: self.word(index, Int32.self)
      case .int64: self.word(index, Int64.self)
      case .uint16, .quint16: self.word(index, UInt16.self)
      case .uint32: self.word(index, UInt32.self)
      case .uint64: self.word(index, UInt64.self)
      // The low bits count: they go to the top, and come back with their sign.
      case .int4: "\(Int8(bitPattern: self.bytes.byte(at: index) << 4) >> 4)"
      case .int2: "\(Int8(bitPattern: self.bytes.byte(at: index) << 6) >> 6)"
      case .uint4: "\(self.bytes.byte(at: index) & 15)"
      case .uint2: "\(self.bytes.byte(at: index) & 3)"
      default: self.word(index, UInt8.self)
      }
    }
  }

  private func word<Number: FixedWidthInteger & BitwiseCopyable>(_ index: Int, _ type: Number.Type)
    -> String
  {
    let number: Number = number(index)
    return "\(number)"
  }

  private func number<Number: FixedWidthInteger & BitwiseCopyable>(_ index: Int) -> Number {
    let offset = index * MemoryLayout<Number>.size
    // Checks the bounds; any bytes are an integer.
    return unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: Number.self)
  }
}
