// The protobuf wire format: a message is a list of fields, each a tag and a value.
//
//   tag = varint (field number << 3) | wire type
//
//   wire type 0: varint          2: varint length, then bytes
//             1: 8 bytes         5: 4 bytes
//
// What TensorFlow writes: fields in ascending order, defaults omitted, repeated numbers packed.
// What it reads, and so what is read here: any order, unknown fields, defaults, repeated scalars
// (the last wins), repeated messages (merged), numbers packed or not. A known field with another
// wire type is an unknown field.
// Source: protobuf.dev/programming-guides/encoding.

/// A field's number and wire type, as one number: what a parser switches on.
@frozen
public struct WireTag: Hashable, Sendable {
  /// How a value is written.
  @frozen
  public enum WireType: UInt8, Sendable {
    case varint = 0
    case fixed64 = 1
    case bytes = 2
    case startGroup = 3
    case endGroup = 4
    case fixed32 = 5
  }

  /// Number and type as the tag's varint has them.
  public let rawValue: UInt32

  /// Creates a tag from its varint.
  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// A number as varint: integers, enumerations, Booleans.
  @inlinable
  public static func varint(_ number: UInt32) -> WireTag {
    WireTag(rawValue: number &<< 3 | UInt32(WireType.varint.rawValue))
  }

  /// Bytes: strings, messages, packed numbers.
  @inlinable
  public static func bytes(_ number: UInt32) -> WireTag {
    WireTag(rawValue: number &<< 3 | UInt32(WireType.bytes.rawValue))
  }

  /// Four bytes: fixed integers and `float`.
  @inlinable
  public static func fixed32(_ number: UInt32) -> WireTag {
    WireTag(rawValue: number &<< 3 | UInt32(WireType.fixed32.rawValue))
  }

  /// Eight bytes: fixed integers and `double`.
  @inlinable
  public static func fixed64(_ number: UInt32) -> WireTag {
    WireTag(rawValue: number &<< 3 | UInt32(WireType.fixed64.rawValue))
  }

  /// The field's number.
  @inlinable public var number: UInt32 { rawValue &>> 3 }
  /// The wire type; `nil` for the two that protobuf does not define.
  @inlinable public var wireType: WireType? { WireType(rawValue: UInt8(rawValue & 7)) }

  /// Whether a tag is another one.
  @inlinable
  public static func ~= (pattern: WireTag, value: WireTag) -> Bool {
    pattern.rawValue == value.rawValue
  }
}
